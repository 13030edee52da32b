// What a report answers: rows of typed cells. Choice of columns, order and limit happen here, once
// for all reports; how a cell looks is the outputs' affair (output.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daybook/result.h"
#include "daybook/schema.h"

namespace daybook {

// What the cells of a column mean. Each output has one place that knows how a kind looks.
enum class Kind : uint8_t {
  kString,
  kArguments,  // bytes as /proc/PID/cmdline has them
  kUser,       // Text, or the bare user id where this host has no name: null for machines
  kNumber,
  kTime,  // nanoseconds since 1970
  kMicroseconds,
  kKibibytes,
  kBytes,
  kPercent,  // hundredths of a percent
  kSignal,   // number; people get the name
  kBool,
  kFields,  // RecordFields; cannot be held, so the table must not be sorted
};

enum class Shown : uint8_t {
  kAlways,
  kSalvaged,        // only where salvaged records are shown, too
  kOfSeveralHosts,  // to people only where the answer is of several hosts
  kToPeople,        // not in machine formats
  kOnRequest,       // where it is named among the columns
  kNever,           // only for the report itself to sort by
  kNotTold,         // not even that: nothing is known of it here
  kAsMark,          // not itself, but behind the status, see end_marks.h
};

struct Column {
  std::string_view name;
  Kind kind = Kind::kString;
  // Place in the text output where no columns are asked for, from 1; 0 is not shown there.
  int text_place = 0;
  Shown shown = Shown::kAlways;
};

// Whether somebody may ask for it by its name.
constexpr bool CanBeNamed(const Column& column) {
  return column.shown != Shown::kNever && column.shown != Shown::kNotTold;
}

// The name without the unit that it may end in: "cpu" of "cpu_us".
std::string_view WithoutUnit(std::string_view name);

// In whole, or without the unit or the "_time" in which it ends.
bool IsNamed(std::string_view column, std::string_view name);

// Bytes from a log. `cut` where the recorder could not keep all of them.
struct Text {
  std::string_view bytes;
  bool cut = false;
  bool operator==(const Text&) const = default;
};

// A record's fields by the schema that it was written with.
struct RecordFields {
  const TypeInfo* type = nullptr;
  DecodedFields decoded;
};

// std::monostate is unknown. A Cell points to what it shows.
using Cell = std::variant<std::monostate, bool, int64_t, uint64_t, Text, const RecordFields*>;

template <class T>
Cell OptionalCell(const std::optional<T>& value) {
  if (!value) return std::monostate();
  if constexpr (std::is_same_v<T, bool>) {
    return *value;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<int64_t>(*value);
  } else {
    return static_cast<uint64_t>(*value);
  }
}
inline Cell OptionalCell(const std::optional<std::string>& text) {
  return text ? Cell(Text{*text}) : Cell();
}
inline Cell TextCell(std::string_view text) {  // unknown where it is empty
  return text.empty() ? Cell() : Cell(Text{text});
}

// Less than, equal to or greater than 0. Cells of one column are of one type, but for user names.
int CompareCells(const Cell& a, const Cell& b);

// Where a table's rows go.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void Row(std::span<const Cell> cells) = 0;
  // No row follows soon: those so far are not to wait for others.
  virtual void Flush() {}
  // True once nobody reads any longer.
  virtual bool closed() const = 0;
};

// Which columns a table hands on, in which order of rows and how many.
struct TableView {
  std::vector<size_t> columns;    // indexes
  size_t marks = 0;               // so many of them, the last ones, are Shown::kAsMark
  std::optional<size_t> sort_by;  // index; without it rows are handed on as they come
  bool descending = false;
  std::optional<uint64_t> limit;
};

class HeldRows;

class Table {
 public:
  Table(TableView view, RowSink* sink);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table();

  // `cells` has a cell for each column of the report; used only during the call. Sorted, rows that
  // are equal stand in the order of `place`, or of their arrival.
  void Add(std::span<const Cell> cells, std::optional<uint64_t> place = std::nullopt);

  // Rows are sorted by what is added in this column, and handed on with what `shown` makes of it:
  // for what is known only in Finish. Call it before the first row: they all wait for it.
  void HandOnAs(size_t column, std::function<Cell(const Cell& added)> shown);

  // False where nobody looks at the cells of this column: they may be unknown.
  bool Uses(size_t column) const;

  // True when more rows would change nothing, so that the report may stop reading.
  bool full() const;

  // The numbers of the rows, in their order of arrival from 0, that are handed on. Call it once,
  // after the last one.
  std::vector<uint64_t> Chosen();

  // So many more would follow, of a table that is full.
  void LeaveOut(uint64_t rows) { added_ += rows; }

  // How many rows a limit leaves out, where no last row stands for them.
  uint64_t LeftOut() const;

  // One row below the others, in whatever order and how many these are.
  void AddLast(std::span<const Cell> cells);

  // A last row with the totals of all rows, shown or not.
  void SetTotal(std::span<const Cell> cells);

  // The rows so far are to be seen. Not for a table that is sorted.
  void Flush() { sink_->Flush(); }

  // Hands on what had to be held to be sorted. An error where it cannot be read back.
  Status Finish();

  const std::optional<std::vector<Cell>>& total() const { return total_; }

  // Lines for people, below the table; text marks them by dashes.
  void AddNote(std::string line) { notes_.push_back(std::move(line)); }
  void AddNotes(std::vector<std::string> lines) {
    for (std::string& line : lines) AddNote(std::move(line));
  }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  HeldRows& held();
  std::span<const Cell> Select(std::span<const Cell> cells);
  std::span<const Cell> ShownInstead(std::span<const Cell> selected);
  void HandOn(std::span<const Cell> selected);

  TableView view_;
  RowSink* sink_;
  uint64_t added_ = 0;
  uint64_t handed_on_ = 0;
  std::unique_ptr<HeldRows> held_;
  Status failed_ = Ok{};
  std::vector<Cell> selected_;
  std::string last_;  // row, packed; empty where there is none
  size_t shown_column_ = 0;
  std::function<Cell(const Cell& added)> shown_;
  std::optional<std::vector<Cell>> total_;
  std::vector<std::string> notes_;
};

}  // namespace daybook
