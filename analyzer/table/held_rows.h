// Rows that wait to be sorted. They are packed; beyond a size they wait as sorted runs in a
// temporary file, and where there is no place for that, memory has to do.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daybook/result.h"
#include "table/repeated_texts.h"
#include "table/run_file.h"
#include "table/table.h"
#include "text/arena.h"
#include "text/byte_buffer.h"

namespace daybook {

class HeldRows {
 public:
  // With all else that an analysis needs, less than 256 MiB.
  static constexpr size_t kMostBytes = size_t{160} << 20;

  struct Order {
    std::vector<size_t> columns = {};  // of the cells of each row, those that are held
    bool descending = false;
    std::optional<uint64_t> limit;  // rows behind it need not be held
    size_t most_bytes = kMostBytes;
  };
  explicit HeldRows(Order order, std::string folder = RunFile::DefaultFolder())
      : order_(std::move(order)),
        texts_(order_.most_bytes / kTextsPart),
        file_(std::move(folder)) {}

  // Rows are sorted by their keys, the unknown last in either direction, and those that are equal
  // by their numbers.
  void Add(const Cell& key, std::span<const Cell> cells, uint64_t number);

  // The held cells of each row in its order, up to the limit, as long as the function returns true.
  // Nothing is to be added any more. An error where rows cannot be read back.
  using Function = std::function<bool(uint64_t number, std::span<const Cell> cells)>;
  Status ForEach(const Function& function);

  // So many runs wait in a file.
  size_t runs() const { return file_.runs(); }

 private:
  // What a row is sorted by, as numbers: first the kind of its key, then the key itself or, of a
  // text, its first bytes.
  struct Rank {
    uint64_t key = 0;
    uint8_t kind = 0;
    bool operator==(const Rank&) const = default;
    bool operator<(const Rank& other) const {
      return kind != other.kind ? kind < other.kind : key < other.key;
    }
  };
  // Packed is the key, where it is a text; then the cells.
  struct Row {
    Rank rank() const { return {.key = key, .kind = kind}; }

    uint64_t key;
    uint64_t number;
    const char* packed;
    uint32_t packed_bytes;
    uint8_t kind;
  };
  // The next row of a run, or of those in memory.
  struct Source {
    Row row;
    std::optional<RunFile::Reader> run;
    size_t in_memory = 0;
  };
  // Of the memory, for texts that come again and again: kept to the end, so that rows are the same
  // in memory and in the file.
  static constexpr size_t kTextsPart = 8;

  Rank RankOf(const Cell& key) const;
  bool IsOfText(const Rank& rank) const;
  bool Before(const Row& a, const Row& b) const {
    return a.rank() == b.rank() ? BeforeOfSameRank(a, b) : a.rank() < b.rank();
  }
  bool BeforeOfSameRank(const Row& a, const Row& b) const;
  size_t bytes_of_rows() const { return rows_.size() * sizeof(Row) + arena_.bytes(); }
  void DropSurplus();
  void Sort();
  void Spill();
  Result<bool> Advance(Source* source) const;
  void Unpack(const Row& row, std::span<Cell> cells) const;

  Order order_;
  std::vector<Row> rows_;
  std::optional<Rank> last_rank_;  // what is behind that is beyond the limit
  Arena arena_;                    // of the packed rows in memory
  RepeatedTexts texts_;
  ByteBuffer row_;
  RunFile file_;
};

}  // namespace daybook
