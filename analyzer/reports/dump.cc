// Every record as it stands in the log, in the order of the files, of types known or unknown.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daybook/life_pack.h"
#include "report.h"

namespace daybook {
namespace {

constexpr Column kColumns[] = {
    {"file", Kind::kString},    {"offset", Kind::kNumber, 1},
    {"seq", Kind::kNumber, 2},  {"proof", Kind::kString, 3, Shown::kSalvaged},
    {"type", Kind::kString, 4}, {"fields", Kind::kFields, 5},
    {"gap", Kind::kFields, 6},
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
                 field("tail", Wire::kString, Unit::kNone),
                 field("records_lost", Wire::kUint, Unit::kNone),
                 field("first_lost_seq", Wire::kUint, Unit::kNone),
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
          gap.tail == TailKind::kNone ? FieldValue() : FieldValue(TailKindName(gap.tail)),
          OptionalValue(gap.records_lost),
          OptionalValue(gap.first_lost_seq),
          OptionalValue(gap.first_time_ns),
          OptionalValue(gap.last_time_ns)};
}

// Where a record stands in time: by itself, or else by the block it is in. The base of a segment's
// first block is zero.
bool IsInWindow(const RecordView& record, LogSet& log) {
  if (!log.window().bounded()) return true;
  if (!record.has_base) return false;
  const uint64_t block_ns = record.base.time_ticks * record.base.tick_ns;
  const uint64_t start_ns = log.segment() ? log.segment()->time_ns : 0;
  const uint64_t time_ns = TimeOf(record).value_or(std::max(block_ns, start_ns));
  return log.InWindow(time_ns, time_ns);
}

// What a gap lost lies between two times. Where one of them is not known it may be of any time.
bool IsInWindow(const Gap& gap, LogSet& log) {
  if (!gap.first_time_ns || !gap.last_time_ns) return true;
  return log.InWindow(std::min(*gap.first_time_ns, *gap.last_time_ns),
                      std::max(*gap.first_time_ns, *gap.last_time_ns));
}

class Dumper {
 public:
  Dumper(LogSet& log, Table& table) : log_(log), table_(table) {}

  Coverage Run();

 private:
  void LearnFrom(const RecordView& record);
  bool Take(const RecordView& record);
  bool AddLives(const RecordView& record);
  void Add(const RecordView& record);
  void AddAs(const TypeInfo* named, const RecordView& record);
  void Add(const Gap& gap);
  void AddMissing();

  LogSet& log_;
  Table& table_;
  TypeRegistry types_;  // of the segment
  const TypeRegistry builtin_types_;
  const TypeInfo gap_type_ = GapType();
  size_t missing_ = 0;  // that are told
  uint64_t used_ = 0;
  uint64_t filtered_ = 0;
};

Coverage Dumper::Run() {
  while (const Item* const item = table_.full() ? nullptr : log_.Next()) {
    AddMissing();
    // Each describes its own types: one of a newer recorder may stand beside an older one.
    if (log_.is_new_segment()) types_ = TypeRegistry();
    if (const auto* record = std::get_if<RecordView>(item)) {
      LearnFrom(*record);
      ++(Take(*record) ? used_ : filtered_);
    } else if (const auto* gap = std::get_if<Gap>(item)) {
      if (IsInWindow(*gap, log_)) Add(*gap);
    }
  }
  AddMissing();
  Coverage coverage = log_.coverage();
  coverage.tells_unknown = true;
  coverage.used = used_;
  coverage.filtered = filtered_;
  coverage.stopped_early = table_.full();
  return coverage;
}

void Dumper::LearnFrom(const RecordView& record) {
  SchemaRecord schema;
  if (record.proof == Proof::kVerified && record.As(&schema)) types_.Learn(schema);
}

// False where it is outside the window.
bool Dumper::Take(const RecordView& record) {
  if (record.Is<Lives>() && record.has_base) return AddLives(record);
  if (!IsInWindow(record, log_)) return false;
  Add(record);
  return true;
}

// The lives follow, as if each had a record of its own there, with the fields that are known here.
bool Dumper::AddLives(const RecordView& record) {
  std::vector<RecordView> lives;
  std::vector<std::vector<uint8_t>> payloads;
  const bool is_told = ForEachLife(record, [&](const WholeLife& life) {
    std::vector<uint8_t>& payload = payloads.emplace_back(MaxEncodedBytes(life));
    const uint8_t* const end = Encode(life, record.base, payload.data());
    RecordView view = record;
    view.type = Schema<WholeLife>::kType;
    view.payload = std::span(payload).first(static_cast<size_t>(end - payload.data()));
    view.is_whole = true;
    if (IsInWindow(view, log_)) lives.push_back(view);
  });
  const bool has_others = is_told && !payloads.empty();
  if (lives.empty() && (has_others || !IsInWindow(record, log_))) return false;
  Add(record);
  for (const RecordView& life : lives) AddAs(builtin_types_.Find(life.type), life);
  return true;
}

// What a LIFE leaves out at its end is unknown, or 0 or empty where it cannot be unknown.
void AddAbsent(const TypeInfo& type, DecodedFields* decoded) {
  if (!decoded->rest.empty()) return;
  for (size_t i = decoded->values.size(); i < type.fields.size(); ++i) {
    const FieldInfo& field = type.fields[i];
    FieldValue& value = decoded->values.emplace_back();
    if (!field.optional && field.wire == Wire::kString) {
      value = std::string_view();
    } else if (!field.optional && field.wire != Wire::kId) {
      value = uint64_t{0};
    }
  }
}

void Dumper::Add(const RecordView& record) { AddAs(types_.Find(record.type), record); }

void Dumper::AddAs(const TypeInfo* named, const RecordView& record) {
  const TypeInfo* type = record.has_base ? named : nullptr;
  RecordFields fields{.type = type, .decoded = {.values = {}, .rest = record.payload}};
  if (type != nullptr) fields.decoded = DecodeFields(*type, record.payload, record.base);
  if (type != nullptr && record.is_whole && record.Is<WholeLife>()) {
    AddAbsent(*type, &fields.decoded);
  }
  const std::string name = named != nullptr ? named->name : fmt::format("{:02x}", record.type);
  table_.Add(Cells{Text{log_.path()}, record.offset, OptionalCell(record.seq),
                   Text{ProofName(record.proof)}, Text{name}, &fields, std::monostate()});
}

void Dumper::Add(const Gap& gap) {
  const RecordFields fields{.type = &gap_type_, .decoded = {.values = GapValues(gap), .rest = {}}};
  table_.Add(Cells{Text{log_.path()}, gap.begin, std::monostate(), std::monostate(), Text{"gap"},
                   std::monostate(), &fields});
}

// Between two segments: numbers that neither has, without a place in a file.
void Dumper::AddMissing() {
  for (; missing_ < log_.missing().size(); ++missing_) {
    const LogSet::Missing& missing = log_.missing()[missing_];
    if (!log_.InWindow(missing)) continue;
    const auto& times = missing.in_boot;
    const RecordFields fields{
        .type = &gap_type_,
        .decoded = {.values = {FieldValue(), FieldValue(), std::string_view("missing"),
                               FieldValue(), missing.records, OptionalValue(missing.first_seq),
                               times ? FieldValue(times->first_ns) : FieldValue(),
                               times ? FieldValue(times->last_ns) : FieldValue()},
                    .rest = {}}};
    table_.Add(Cells{Text{missing.path}, std::monostate(), std::monostate(), std::monostate(),
                     Text{"gap"}, std::monostate(), &fields});
  }
}

Result<Answer> RunDump(const Question& question, Table& table) {
  return Answer{.coverage = Dumper(question.log, table).Run()};
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
    .skips = LogSet::Skips::kFrames,
    .has_salvaged = true,
    .run = RunDump,
};

}  // namespace daybook
