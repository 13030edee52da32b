// Every fact about a life that can be shown, filtered, grouped or sorted by: the one table from
// which the columns of `list`, the names in a filter and the keys of `summary --by` follow.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lives/lives.h"
#include "log/log_set.h"
#include "table/table.h"
#include "text/names.h"
#include "time/local_zone.h"
#include "time/window.h"

namespace daybook {

// What fields are read with: names that are looked up once, and the texts that cells point to. A
// cell is valid until the same field is read again.
struct LifeTexts {
  explicit LifeTexts(const LocalZone& of_zone, const Window& asked = {})
      : zone(of_zone), until_ns(asked.until_ns) {}

  const LocalZone& zone;
  std::optional<int64_t> until_ns;  // the end of the time that is asked for
  AccountNames users{AccountNames::Of::kUsers};
  AccountNames groups{AccountNames::Of::kGroups};
  std::string process_id;
  std::string parent_id;
  std::string cgroup;
  std::string status;
  std::string arguments;  // in one line
  std::string user;       // without a name: the digits of its id
  std::string group;
  std::string day;
  std::string hour;
  std::optional<uint32_t> terminal_device;  // whose name `terminal` is
  std::string terminal;
};

// While a process runs, a field is what is known so far, or it is told at the end only.
enum class Told : uint8_t { kSoFar, kAtEnd };

// What must be read of the log for it. Of a life that is older than that, the program and what a
// birth tells are as at the head of the first segment that is read, if they are known at all.
// Paths of cgroups are told at heads, too, as long as the cgroup is there.
// All programs that a process ran are kept only where they are asked for.
enum class Rests : uint8_t { kOnEnd, kOnProgram, kOnBirth, kOnAllPrograms };

struct LifeField {
  Column column;
  Cell (*get)(const Boot& boot, const Life& life, LifeTexts& texts);
  std::string_view text;  // one line about it
  Told told = Told::kSoFar;
  // Where it has no cell: true where that means that there is none, not that it is not known.
  bool (*is_absent)(const Boot& boot, const Life& life) = nullptr;
  Rests rests = Rests::kOnEnd;
};

inline constexpr size_t kLifeFieldCount = 66;
extern const LifeField kLifeFields[kLifeFieldCount];
extern const std::array<Column, kLifeFieldCount> kLifeColumns;

// By its name, with or without the unit or the "_time" in which that may end: "cpu_us" or "cpu".
// nullptr where there is none.
const LifeField* FindLifeField(std::string_view name);

// Some of the fields, as columns of another report.
struct FieldChoice {
  std::string_view name;
  int text_place = 0;
};
std::vector<Column> ColumnsOf(std::span<const FieldChoice> choices);

class ChosenFields {
 public:
  explicit ChosenFields(std::span<const FieldChoice> choices);
  void AppendTo(std::vector<Cell>* row, const Boot& boot, const Life& life, LifeTexts& texts) const;

 private:
  std::vector<const LifeField*> fields_;
};

// The name that an account has on this host, else its id.
Cell AccountCell(const std::optional<uint32_t>& id, AccountNames& names);

// Exit code or name of the signal.
std::string StatusText(uint32_t wait_status);

// Names to suggest, as short as they may be.
std::vector<std::string_view> LifeFieldNames();

}  // namespace daybook
