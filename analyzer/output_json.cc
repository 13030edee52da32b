// For programs: one JSON document, or one JSON object a line. Rows are written as they come; there
// is never a document in memory.

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "escape.h"
#include "field_text.h"
#include "names.h"
#include "output.h"

namespace daybook {
namespace {

template <class Number>
void AppendInteger(Number number, std::string* out) {
  const fmt::format_int digits(number);
  out->append(digits.data(), digits.size());
}

void AppendString(std::string_view bytes, std::string* out) {
  AppendJsonString(bytes, Cut::kNo, out);
}

void AppendArguments(const Text& text, std::string* out) {
  out->push_back('[');
  size_t words = 0;
  size_t total = 0;
  ForEachArgument(text.bytes, [&](std::string_view) { ++total; });
  ForEachArgument(text.bytes, [&](std::string_view word) {
    if (++words != 1) out->push_back(',');
    AppendJsonString(word, text.cut && words == total ? Cut::kYes : Cut::kNo, out);
  });
  if (text.cut && total == 0) AppendJsonString("", Cut::kYes, out);
  out->push_back(']');
}

void AppendFlags(const FieldInfo& field, uint64_t value, std::string* out) {
  out->push_back('[');
  for (uint64_t bit = 1, rest = value; rest != 0; bit <<= 1) {
    if ((value & bit) == 0) continue;
    rest &= ~bit;
    const std::string_view name = ValueNameOf(field, bit);
    AppendString(name.empty() ? fmt::format("{:#x}", bit) : std::string(name), out);
    if (rest != 0) out->push_back(',');
  }
  out->push_back(']');
}

void AppendFieldNumber(const FieldInfo& field, uint64_t value, std::string* out) {
  const std::string_view name =
      field.unit == Unit::kEnum ? ValueNameOf(field, value) : std::string_view();
  if (!name.empty()) {
    AppendString(name, out);
  } else if (field.unit == Unit::kFlags) {
    AppendFlags(field, value, out);
  } else if (field.unit == Unit::kDevice) {
    AppendString(DeviceNumbers(value), out);
  } else if (field.unit == Unit::kHex) {
    fmt::format_to(std::back_inserter(*out), "\"{:#x}\"", value);
  } else {
    AppendInteger(value, out);
  }
}

void AppendHexString(std::span<const uint8_t> bytes, std::string* out) {
  out->push_back('"');
  AppendHex(bytes, out);
  out->push_back('"');
}

void AppendFieldValue(const FieldInfo& field, const FieldValue& value, std::string* out) {
  if (const auto* number = std::get_if<uint64_t>(&value)) {
    AppendFieldNumber(field, *number, out);
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    AppendInteger(*integer, out);
  } else if (const auto* id = std::get_if<Id128>(&value)) {
    AppendHexString(id->bytes, out);
  } else if (const auto* bytes = std::get_if<std::string_view>(&value)) {
    if (field.unit == Unit::kArguments) {
      AppendArguments({.bytes = *bytes}, out);
    } else if (field.unit == Unit::kHex) {
      AppendHexString({reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size()}, out);
    } else {
      AppendString(*bytes, out);
    }
  } else {
    out->append("null");
  }
}

void AppendFields(const RecordFields& fields, std::string* out) {
  char separator = '{';
  for (size_t i = 0; i < fields.decoded.values.size(); ++i) {
    out->push_back(std::exchange(separator, ','));
    AppendString(fields.type->fields[i].name, out);
    out->push_back(':');
    AppendFieldValue(fields.type->fields[i], fields.decoded.values[i], out);
  }
  if (!fields.decoded.rest.empty()) {
    out->push_back(std::exchange(separator, ','));
    out->append(fields.type != nullptr ? "\"rest\":" : "\"payload\":");
    AppendHexString(fields.decoded.rest, out);
  }
  if (separator == '{') out->push_back('{');
  out->push_back('}');
}

void AppendCount(Kind kind, uint64_t count, std::string* out) {
  if (kind == Kind::kPercent) return AppendHundredths(count, out);
  AppendInteger(count, out);
}

void AppendCell(Kind kind, const Cell& cell, const LocalZone& zone, std::string* out) {
  if (const auto* text = std::get_if<Text>(&cell)) {
    if (kind == Kind::kArguments) {
      AppendArguments(*text, out);
    } else {
      AppendJsonString(text->bytes, text->cut ? Cut::kYes : Cut::kNo, out);
    }
  } else if (const auto* count = std::get_if<uint64_t>(&cell); count && kind != Kind::kUser) {
    AppendCount(kind, *count, out);
  } else if (const auto* number = std::get_if<int64_t>(&cell)) {
    if (kind == Kind::kTime) {
      out->push_back('"');
      zone.AppendRfc3339(*number, out);
      out->push_back('"');
    } else {
      AppendInteger(*number, out);
    }
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    out->append(*flag ? "true" : "false");
  } else if (const auto* fields = std::get_if<const RecordFields*>(&cell)) {
    AppendFields(**fields, out);
  } else {
    out->append("null");
  }
}

// Fields that a row does not have are left out: a row of a dump is a record or a gap.
bool IsAbsent(Kind kind, const Cell& cell) {
  return kind == Kind::kFields && std::holds_alternative<std::monostate>(cell);
}

void AppendObject(std::span<const Column> columns, std::span<const Cell> cells,
                  const LocalZone& zone, std::string* out) {
  char separator = '{';
  for (size_t i = 0; i < cells.size(); ++i) {
    if (IsAbsent(columns[i].kind, cells[i])) continue;
    out->push_back(std::exchange(separator, ','));
    out->append("\"").append(columns[i].name).append("\":");
    AppendCell(columns[i].kind, cells[i], zone, out);
  }
  out->push_back('}');
}

}  // namespace

void AppendJsonCoverage(const Coverage& coverage, const LocalZone& zone, std::string* out) {
  char separator = '{';
  const auto member = [&](std::string_view name, const Cell& cell, Kind kind = Kind::kNumber) {
    out->push_back(std::exchange(separator, ','));
    out->append("\"").append(name).append("\":");
    AppendCell(kind, cell, zone, out);
  };
  member("first_time", OptionalCell(coverage.first_ns), Kind::kTime);
  member("last_time", OptionalCell(coverage.last_ns), Kind::kTime);
  member("hosts", coverage.hosts);
  member("boots", coverage.boots);
  member("segments", coverage.segments);
  member("records", coverage.records);
  member("skipped_segments", coverage.skipped_segments);
  member("skipped_bytes", coverage.skipped_bytes);
  member("processes", OptionalCell(coverage.processes));
  if (coverage.processes) {
    member("running", coverage.running);
    member("ended_unseen", coverage.ended_unseen);
    member("stopped_early", coverage.stopped_early, Kind::kBool);
  }
  member("used", coverage.used);
  member("filtered", coverage.filtered);
  member("undated", coverage.undated);
  member("undecided", coverage.undecided);
  member("dropped_events", coverage.dropped_events);
  member("lost_events", coverage.lost_events);
  member("recording_gaps", coverage.recording_gaps);
  member("missed_forks", coverage.missed_forks);
  member("unseen_forks", coverage.unseen_forks);
  member("missing_records", coverage.missing_records);
  member("malformed_records", coverage.malformed_records);
  member("repeated_records", coverage.repeated_records);
  member("salvaged_records", coverage.salvaged_records);
  member("gaps", coverage.gaps);
  member("damaged_bytes", coverage.damaged_bytes);
  member("hole_bytes", coverage.hole_bytes);
  member("torn_bytes", coverage.torn_bytes);
  member("unreadable_files", coverage.unreadable_files);
  member("imported", coverage.imported, Kind::kBool);
  if (const auto& rollups = coverage.rollups) {
    member("rollups", rollups->rollups);
    member("days", rollups->days);
    member("missing_days", rollups->missing_days);
    member("repeated_rollups", rollups->repeated_rollups);
    member("partly_outside", rollups->partly_outside);
    member("missing_processes", rollups->missing_processes);
    member("cut_files", rollups->cut_files);
    member("unknown_rollups", rollups->unknown_rollups);
    member("mixed_filters", rollups->mixed_filters, Kind::kBool);
  }
  out->push_back('}');
}

namespace {

void AppendFacts(std::span<const NamedFact> facts, const LocalZone& zone, std::string* out) {
  char separator = '{';
  for (const NamedFact& fact : facts) {
    out->push_back(std::exchange(separator, ','));
    out->append("\"").append(fact.name).append("\":");
    AppendCell(fact.kind, fact.value, zone, out);
  }
  out->push_back('}');
}

class JsonLinesOutput : public Output {
 public:
  JsonLinesOutput(OutputFile* file, const LocalZone& zone) : file_(file), zone_(zone) {}

  void Begin(std::string_view, std::vector<Column> columns) override {
    columns_ = std::move(columns);
  }
  void Row(std::span<const Cell> cells) override {
    AppendObject(columns_, cells, zone_, &file_->buffer());
    file_->buffer().push_back('\n');
    file_->Written();
  }
  bool closed() const override { return file_->closed(); }
  void Finish(const Ending&) override {}

 private:
  OutputFile* file_;
  const LocalZone& zone_;
  std::vector<Column> columns_;
};

class JsonOutput : public Output {
 public:
  JsonOutput(OutputFile* file, const LocalZone& zone, std::string_view name_key)
      : file_(file), zone_(zone), name_key_(name_key) {}

  void Begin(std::string_view report, std::vector<Column> columns) override {
    columns_ = std::move(columns);
    file_->buffer().append("{\"").append(name_key_).append("\":\"").append(report);
    file_->buffer().append("\",\"rows\":[");
  }
  void Row(std::span<const Cell> cells) override {
    if (std::exchange(has_rows_, true)) file_->buffer().push_back(',');
    file_->buffer().push_back('\n');
    AppendObject(columns_, cells, zone_, &file_->buffer());
    file_->Written();
  }
  bool closed() const override { return file_->closed(); }
  void Finish(const Ending& ending) override {
    std::string& out = file_->buffer();
    out.append("\n]");
    if (ending.total) {
      out.append(",\n\"total\":");
      AppendObject(columns_, *ending.total, zone_, &out);
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

 private:
  void AppendCoverage(std::string_view name, const Coverage* coverage) {
    if (coverage == nullptr) return;
    file_->buffer().append(",\n\"").append(name).append("\":");
    AppendJsonCoverage(*coverage, zone_, &file_->buffer());
  }

  OutputFile* file_;
  const LocalZone& zone_;
  std::string_view name_key_;
  std::vector<Column> columns_;
  bool has_rows_ = false;
};

}  // namespace

std::unique_ptr<Output> MakeJsonOutput(OutputFile* file, const LocalZone& zone,
                                       std::string_view name_key) {
  return std::make_unique<JsonOutput>(file, zone, name_key);
}

std::unique_ptr<Output> MakeJsonLinesOutput(OutputFile* file, const LocalZone& zone) {
  return std::make_unique<JsonLinesOutput>(file, zone);
}

}  // namespace daybook
