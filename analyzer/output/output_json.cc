// For programs: one JSON document, or one JSON object a line. Rows are written as they come; there
// is never a document in memory.

#include <fmt/format.h>

#include <utility>

#include "output/output.h"
#include "table/field_text.h"
#include "text/byte_buffer.h"
#include "text/escape.h"
#include "text/names.h"

namespace daybook {
namespace {

void AppendString(std::string_view bytes, Cut cut, ByteBuffer* line) {
  if (cut == Cut::kYes || !IsPlain(bytes)) {
    return line->AppendBy([&](std::string* out) { AppendJsonString(bytes, cut, out); });
  }
  line->Append('"');
  line->Append(bytes);
  line->Append('"');
}

void AppendString(std::string_view bytes, ByteBuffer* line) { AppendString(bytes, Cut::kNo, line); }

void AppendArguments(const Text& text, ByteBuffer* line) {
  line->Append('[');
  size_t words = 0;
  size_t total = 0;
  ForEachArgument(text.bytes, [&](std::string_view) { ++total; });
  ForEachArgument(text.bytes, [&](std::string_view word) {
    if (++words != 1) line->Append(',');
    AppendString(word, text.cut && words == total ? Cut::kYes : Cut::kNo, line);
  });
  if (text.cut && total == 0) AppendString("", Cut::kYes, line);
  line->Append(']');
}

void AppendFlags(const FieldInfo& field, uint64_t value, ByteBuffer* line) {
  line->Append('[');
  for (uint64_t bit = 1, rest = value; rest != 0; bit <<= 1) {
    if ((value & bit) == 0) continue;
    rest &= ~bit;
    const std::string_view name = ValueNameOf(field, bit);
    AppendString(name.empty() ? fmt::format("{:#x}", bit) : std::string(name), line);
    if (rest != 0) line->Append(',');
  }
  line->Append(']');
}

void AppendFieldNumber(const FieldInfo& field, uint64_t value, ByteBuffer* line) {
  const std::string_view name =
      field.unit == Unit::kEnum ? ValueNameOf(field, value) : std::string_view();
  if (!name.empty()) {
    AppendString(name, line);
  } else if (field.unit == Unit::kFlags) {
    AppendFlags(field, value, line);
  } else if (field.unit == Unit::kDevice) {
    AppendString(DeviceNumbers(value), line);
  } else if (field.unit == Unit::kHex) {
    AppendString(fmt::format("{:#x}", value), line);
  } else {
    AppendNumber(value, line);
  }
}

void AppendHexString(std::span<const uint8_t> bytes, ByteBuffer* line) {
  line->Append('"');
  line->AppendBy([&](std::string* out) { AppendHex(bytes, out); });
  line->Append('"');
}

void AppendFieldValue(const FieldInfo& field, const FieldValue& value, ByteBuffer* line) {
  if (const auto* number = std::get_if<uint64_t>(&value)) {
    AppendFieldNumber(field, *number, line);
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    AppendNumber(*integer, line);
  } else if (const auto* id = std::get_if<Id128>(&value)) {
    AppendHexString(id->bytes, line);
  } else if (const auto* bytes = std::get_if<std::string_view>(&value)) {
    if (field.unit == Unit::kArguments) {
      AppendArguments({.bytes = *bytes}, line);
    } else if (field.unit == Unit::kHex) {
      AppendHexString({reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size()}, line);
    } else {
      AppendString(*bytes, line);
    }
  } else {
    line->Append("null");
  }
}

void AppendFields(const RecordFields& fields, ByteBuffer* line) {
  char separator = '{';
  for (size_t i = 0; i < fields.decoded.values.size(); ++i) {
    line->Append(std::exchange(separator, ','));
    AppendString(fields.type->fields[i].name, line);
    line->Append(':');
    AppendFieldValue(fields.type->fields[i], fields.decoded.values[i], line);
  }
  if (!fields.decoded.rest.empty()) {
    line->Append(std::exchange(separator, ','));
    line->Append(fields.type != nullptr ? "\"rest\":" : "\"payload\":");
    AppendHexString(fields.decoded.rest, line);
  }
  if (separator == '{') line->Append('{');
  line->Append('}');
}

void AppendCount(Kind kind, uint64_t count, ByteBuffer* line) {
  if (kind == Kind::kPercent) return AppendHundredths(count, line);
  if (kind == Kind::kString) return AppendString(fmt::to_string(count), line);
  AppendNumber(count, line);
}

void AppendCell(Kind kind, const Cell& cell, const LocalZone& zone, ByteBuffer* line) {
  if (const auto* text = std::get_if<Text>(&cell)) {
    if (kind == Kind::kArguments) {
      AppendArguments(*text, line);
    } else {
      AppendString(text->bytes, text->cut ? Cut::kYes : Cut::kNo, line);
    }
  } else if (const auto* count = std::get_if<uint64_t>(&cell); count && kind != Kind::kUser) {
    AppendCount(kind, *count, line);
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    if (kind == Kind::kTime) {
      line->Append('"');
      line->TakeTo(zone.PutRfc3339(*number, line->Room(LocalZone::kRfc3339Bytes)));
      line->Append('"');
    } else {
      AppendNumber(*number, line);
    }
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    line->Append(*flag ? "true" : "false");
  } else if (const auto* fields = std::get_if<const RecordFields*>(&cell)) {
    AppendFields(**fields, line);
  } else {
    line->Append("null");
  }
}

// Fields that a row does not have are left out: a row of a dump is a record or a gap.
bool IsAbsent(Kind kind, const Cell& cell) {
  return kind == Kind::kFields && std::holds_alternative<std::monostate>(cell);
}

// ,"name":
void AppendKey(char separator, std::string_view name, ByteBuffer* line) {
  line->Append(separator);
  line->Append('"');
  line->Append(name);
  line->Append("\":");
}

}  // namespace

void AppendJsonRow(std::span<const Column> columns, std::span<const Cell> cells,
                   const LocalZone& zone, ByteBuffer* line) {
  char separator = '{';
  for (size_t i = 0; i < cells.size(); ++i) {
    if (IsAbsent(columns[i].kind, cells[i])) continue;
    AppendKey(std::exchange(separator, ','), columns[i].name, line);
    AppendCell(columns[i].kind, cells[i], zone, line);
  }
  if (separator == '{') line->Append('{');
  line->Append('}');
}

namespace {

// An object, member by member.
class Members {
 public:
  explicit Members(const LocalZone& zone) : zone_(zone) {}

  void Add(std::string_view name, const Cell& cell, Kind kind = Kind::kNumber) {
    AppendKey(std::exchange(separator_, ','), name, &line_);
    AppendCell(kind, cell, zone_, &line_);
  }
  // There is at least one.
  void Finish(std::string* out) {
    line_.Append('}');
    out->append(line_.text());
  }

 private:
  const LocalZone& zone_;
  ByteBuffer line_;
  char separator_ = '{';
};

void AddLives(const LifeCounts& lives, Members* members) {
  members->Add("processes", OptionalCell(lives.processes));
  if (lives.processes) {
    members->Add("running", lives.running);
    members->Add("ended_unseen", lives.ended_unseen);
    members->Add("unreaped", lives.unreaped);
    members->Add("stopped_early", lives.stopped_early, Kind::kBool);
  }
  members->Add("used", lives.used);
  members->Add("filtered", lives.filtered);
  members->Add("undated", lives.undated);
  members->Add("undecided", lives.undecided);
}

void AddMissing(const Coverage& coverage, Members* members) {
  members->Add("dropped_events", coverage.dropped_events);
  members->Add("lost_events", coverage.lost_events);
  members->Add("recording_gaps", coverage.recording_gaps);
  members->Add("missed_forks", coverage.missed_forks);
  members->Add("unseen_forks", coverage.unseen_forks);
  members->Add("recorded_twice_us", coverage.recorded_twice_us);
  members->Add("missing_records", coverage.missing_records);
  members->Add("malformed_records", coverage.malformed_records);
  members->Add("repeated_records", coverage.repeated_records);
  members->Add("unordered_records", coverage.unordered_records);
  members->Add("unknown_records", coverage.unknown_records);
  members->Add("salvaged_records", coverage.salvaged_records);
  members->Add("gaps", coverage.gaps);
  members->Add("damaged_bytes", coverage.damaged_bytes);
  members->Add("hole_bytes", coverage.hole_bytes);
  members->Add("torn_bytes", coverage.torn_bytes);
  members->Add("unreadable_files", coverage.unreadable_files);
}

void AddRollups(const RollupCoverage& rollups, Members* members) {
  members->Add("rollups", rollups.rollups);
  members->Add("days", rollups.days);
  members->Add("missing_days", rollups.missing_days);
  members->Add("repeated_rollups", rollups.repeated_rollups);
  members->Add("partly_outside", rollups.partly_outside);
  members->Add("missing_processes", rollups.missing_processes);
  members->Add("cut_files", rollups.cut_files);
  members->Add("unknown_rollups", rollups.unknown_rollups);
  members->Add("mixed_filters", rollups.mixed_filters, Kind::kBool);
  members->Add("without_unreaped", rollups.without_unreaped);
}

}  // namespace

void AppendJsonCoverage(const Coverage& coverage, const LocalZone& zone, std::string* out) {
  Members members(zone);
  members.Add("first_time", OptionalCell(coverage.first_ns), Kind::kTime);
  members.Add("last_time", OptionalCell(coverage.last_ns), Kind::kTime);
  members.Add("hosts", coverage.hosts);
  members.Add("boots", coverage.boots);
  members.Add("segments", coverage.segments);
  members.Add("records", coverage.records);
  members.Add("skipped_segments", coverage.skipped_segments);
  members.Add("skipped_bytes", coverage.skipped_bytes);
  AddLives(coverage, &members);
  AddMissing(coverage, &members);
  members.Add("imported", coverage.imported, Kind::kBool);
  members.Add("others_hidden", coverage.others_hidden, Kind::kBool);
  const std::string filter = fmt::format("{}", fmt::join(coverage.filters, ", "));
  members.Add("filter", filter.empty() ? Cell() : Cell(Text{.bytes = filter}), Kind::kString);
  if (coverage.rollups) AddRollups(*coverage.rollups, &members);
  members.Finish(out);
}

namespace {

void AppendFacts(std::span<const NamedFact> facts, const LocalZone& zone, std::string* out) {
  Members members(zone);
  for (const NamedFact& fact : facts) members.Add(fact.name, fact.value, fact.kind);
  members.Finish(out);
}

void AppendStrings(std::span<const std::string> strings, std::string* out) {
  out->push_back('[');
  for (const std::string& string : strings) {
    if (&string != &strings.front()) out->push_back(',');
    AppendJsonString(string, Cut::kNo, out);
  }
  out->push_back(']');
}

// Rows of several sections are mixed: each has the name of its own before it.
class JsonLinesOutput : public Output {
 public:
  JsonLinesOutput(OutputFile* file, const LocalZone& zone) : file_(file), zone_(zone) {}

  void BeginSection(std::string_view name, std::string_view, Tone) override { section_ = name; }
  void Begin(std::string_view, std::vector<Column> columns) override {
    columns_ = std::move(columns);
    if (!section_.empty()) columns_.insert(columns_.begin(), {"section", Kind::kString});
  }
  void Row(std::span<const Cell> cells) override {
    if (!section_.empty()) {
      row_.assign(1, Text{section_});
      row_.insert(row_.end(), cells.begin(), cells.end());
      cells = row_;
    }
    line_.Clear();
    AppendJsonRow(columns_, cells, zone_, &line_);
    line_.Append('\n');
    file_->buffer().append(line_.text());
    file_->Written();
  }
  bool closed() const override { return file_->closed(); }
  void Finish(const Ending&) override {}

 private:
  OutputFile* file_;
  const LocalZone& zone_;
  std::string_view section_;
  std::vector<Column> columns_;
  std::vector<Cell> row_;
  ByteBuffer line_;
};

class JsonOutput : public Output {
 public:
  JsonOutput(OutputFile* file, const LocalZone& zone) : file_(file), zone_(zone) {}

  void Begin(std::string_view name, std::vector<Column> columns) override {
    columns_ = std::move(columns);
    has_rows_ = false;
    std::string& out = file_->buffer();
    out.append(is_page_ ? "{\"section\":\"" : "{\"report\":\"").append(name);
    out.append("\",\"rows\":[");
  }
  void Row(std::span<const Cell> cells) override {
    line_.Clear();
    if (std::exchange(has_rows_, true)) line_.Append(',');
    line_.Append('\n');
    AppendJsonRow(columns_, cells, zone_, &line_);
    file_->buffer().append(line_.text());
    file_->Written();
  }
  bool closed() const override { return file_->closed(); }
  void Finish(const Ending& ending) override {
    std::string& out = file_->buffer();
    out.append("\n]");
    if (ending.total) {
      line_.Clear();
      line_.Append(",\n\"total\":");
      AppendJsonRow(columns_, *ending.total, zone_, &line_);
      out.append(line_.text());
    }
    if (!ending.facts.empty()) {
      out.append(",\n\"facts\":");
      AppendFacts(ending.facts, zone_, &out);
    }
    AppendCoverage("old_coverage", ending.old_coverage);
    AppendCoverage("coverage", ending.coverage);
    out.append("}\n");
    file_->Written();
  }

  void BeginPage(const PageHead& head) override {
    is_page_ = true;
    std::string& out = file_->buffer();
    out.append("{\"report\":\"").append(head.report).append("\",\"hosts\":");
    AppendStrings(head.hosts, &out);
    const Window baseline = head.baseline.value_or(Window{});
    AppendTime("since", head.window.since_ns);
    AppendTime("until", head.window.until_ns);
    AppendTime("baseline_since", baseline.since_ns);
    AppendTime("baseline_until", baseline.until_ns);
    out.append(",\"sections\":[");
  }
  void BeginSection(std::string_view, std::string_view, Tone) override {
    file_->buffer().append(std::exchange(has_sections_, true) ? "," : "\n");
  }
  void FinishPage(const PageEnding& ending) override {
    std::string& out = file_->buffer();
    out.append("],\n\"failed_on\":");
    AppendStrings(ending.failed_on, &out);
    out.append(",\n\"notes\":");
    AppendStrings(ending.notes, &out);
    AppendCoverage("coverage", &ending.coverage);
    out.append("}\n");
    file_->Written();
  }

 private:
  void AppendTime(std::string_view name, std::optional<int64_t> time_ns) {
    line_.Clear();
    AppendKey(',', name, &line_);
    AppendCell(Kind::kTime, OptionalCell(time_ns), zone_, &line_);
    file_->buffer().append(line_.text());
  }
  void AppendCoverage(std::string_view name, const Coverage* coverage) {
    if (coverage == nullptr) return;
    file_->buffer().append(",\n\"").append(name).append("\":");
    AppendJsonCoverage(*coverage, zone_, &file_->buffer());
  }

  OutputFile* file_;
  const LocalZone& zone_;
  std::vector<Column> columns_;
  ByteBuffer line_;
  bool has_rows_ = false;
  bool is_page_ = false;
  bool has_sections_ = false;
};

}  // namespace

std::unique_ptr<Output> MakeJsonOutput(OutputFile* file, const LocalZone& zone) {
  return std::make_unique<JsonOutput>(file, zone);
}

std::unique_ptr<Output> MakeJsonLinesOutput(OutputFile* file, const LocalZone& zone) {
  return std::make_unique<JsonLinesOutput>(file, zone);
}

}  // namespace daybook
