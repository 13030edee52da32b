// Every record as it stands in the log, in the order of the files, of types known or unknown.

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report.h"

namespace daybook {
namespace {

constexpr Column kColumns[] = {
    {"file", Kind::kString},    {"offset", Kind::kNumber, 1}, {"seq", Kind::kNumber, 2},
    {"type", Kind::kString, 3}, {"fields", Kind::kFields, 4}, {"gap", Kind::kFields, 5},
};
using Cells = std::array<Cell, std::size(kColumns)>;

// A gap goes the same way as records do, by a type that stands in no log.
TypeInfo GapType() {
  const auto field = [](std::string name, Wire wire, Unit unit) {
    return FieldInfo{
        .name = std::move(name), .wire = wire, .optional = false, .unit = unit, .names = {}};
  };
  TypeInfo type;
  type.name = "gap";
  type.fields = {field("begin", Wire::kUint, Unit::kBytes),
                 field("end", Wire::kUint, Unit::kBytes),
                 field("cause", Wire::kString, Unit::kNone),
                 field("records_lost", Wire::kUint, Unit::kNone),
                 field("first_time", Wire::kUint, Unit::kNanoseconds),
                 field("last_time", Wire::kUint, Unit::kNanoseconds)};
  return type;
}

FieldValue OptionalValue(const std::optional<uint64_t>& number) {
  return number ? FieldValue(*number) : FieldValue();
}

// In the order of GapType().
std::vector<FieldValue> GapValues(const Gap& gap) {
  return {gap.begin,
          gap.end,
          GapCauseName(gap.cause),
          OptionalValue(gap.records_lost),
          OptionalValue(gap.first_time_ns),
          OptionalValue(gap.last_time_ns)};
}

// Where a record stands in time: by itself, or else by the block it is in.
bool IsInWindow(const RecordView& record, const Boot& boot, const Window& window) {
  if (!window.bounded()) return true;
  const uint64_t block_ns = record.base.time_ticks * record.base.tick_ns;
  const auto time = boot.clock.ToRealtime(TimeOf(record).value_or(block_ns));
  return window.Overlaps(time, time);
}

Coverage RunDump(LogSet& log, const Window& window, Table& table) {
  TypeRegistry types;
  const TypeInfo gap_type = GapType();
  uint64_t filtered = 0;
  while (const auto item = table.full() ? std::nullopt : log.Next()) {
    if (const auto* record = std::get_if<RecordView>(&*item)) {
      if (SchemaRecord schema; record->As(&schema)) types.Learn(schema);
      if (!IsInWindow(*record, log.boot(), window)) {
        ++filtered;
        continue;
      }
      const TypeInfo* type = types.Find(record->type);
      RecordFields fields{.type = type, .decoded = {.values = {}, .rest = record->payload}};
      if (type != nullptr) fields.decoded = DecodeFields(*type, record->payload, record->base);
      const std::string name = type != nullptr ? type->name : fmt::format("{:02x}", record->type);
      table.Add(Cells{Text{log.path()}, record->offset, OptionalCell(record->seq), Text{name},
                      &fields, std::monostate()});
    } else if (const auto* gap = std::get_if<Gap>(&*item)) {
      const RecordFields fields{.type = &gap_type,
                                .decoded = {.values = GapValues(*gap), .rest = {}}};
      table.Add(Cells{Text{log.path()}, gap->begin, std::monostate(), Text{"gap"}, std::monostate(),
                      &fields});
    }
  }
  Coverage coverage = log.coverage();
  coverage.filtered = filtered;
  return coverage;
}

}  // namespace

constinit const Report kDumpReport{
    .name = "dump",
    .summary = "Every record with all its fields, in the order of the files; gaps in line.",
    .examples =
        "  daybook dump --log daybook-00000001.dbk\n"
        "  daybook dump --output jsonl | jq 'select(.type == \"lost\")'\n",
    .columns = kColumns,
    .default_sort = "",
    .repeats = LogSet::Repeats::kKeep,
    .run = RunDump,
};

}  // namespace daybook
