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

#include "arena.h"
#include "byte_buffer.h"
#include "daybook/result.h"
#include "repeated_texts.h"
#include "run_file.h"
#include "table.h"

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
      : order_(std::move(order)), file_(std::move(folder)) {}

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
    bool operator<(const Rank& other) const {
      return kind != other.kind ? kind < other.kind : key < other.key;
    }
  };
  // Packed is the key, where it is a text; then the cells.
  struct Row {
    Rank rank;
    uint64_t number;
    const char* packed;
  };
  // What the packed rows in memory are made of.
  struct Packed {
    size_t bytes() const { return rows.bytes() + texts.bytes(); }
    Arena rows;
    RepeatedTexts texts;
  };
  // The next row of a run, or of those in memory.
  struct Source {
    Row row;
    const RepeatedTexts* texts = nullptr;
    std::optional<RunFile::Reader> run;
    size_t in_memory = 0;
  };

  Rank RankOf(const Cell& key) const;
  bool IsOfText(const Rank& rank) const;
  bool Before(const Row& a, const RepeatedTexts* a_texts, const Row& b,
              const RepeatedTexts* b_texts) const;
  bool Before(const Row& a, const Row& b) const {
    return Before(a, &packed_.texts, b, &packed_.texts);
  }
  const char* KeepPacked() { return packed_.rows.Keep(row_.text()).data(); }
  void PackAnew(const Row& row, const RepeatedTexts& texts, RepeatedTexts* new_texts);
  void DropSurplus();
  void Repack();
  void Sort();
  void Spill();
  Result<bool> Advance(Source* source) const;
  void Unpack(const Source& source, std::span<Cell> cells) const;

  Order order_;
  std::vector<Row> rows_;
  std::optional<Rank> last_rank_;  // what is behind that is beyond the limit
  Packed packed_;
  ByteBuffer row_;
  RunFile file_;
};

}  // namespace daybook
