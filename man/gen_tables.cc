// Holds daybook-log(5) equal to the code: its tables of records, and its worked example.
//   gen_tables PAGE           exit status 1 where the page's generated parts are not what is here
//   gen_tables --write PAGE   makes them so
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "block.h"
#include "daybook/reader.h"
#include "daybook/records.h"
#include "daybook/schema.h"
#include "layout.h"
#include "segment_buffer.h"

namespace daybook {
namespace {

std::string WireName(Wire wire) {
  switch (wire) {
    case Wire::kUint:
      return "uint";
    case Wire::kInt:
      return "int";
    case Wire::kFixed32:
      return "fixed32";
    case Wire::kFixed64:
      return "fixed64";
    case Wire::kId:
      return "id";
    case Wire::kString:
      return "string";
    case Wire::kTime:
      return "time";
    case Wire::kTicks:
      return "ticks";
    case Wire::kPid:
      return "pid";
  }
  std::abort();
}

std::string UnitName(Unit unit) {
  switch (unit) {
    case Unit::kNone:
      return "";
    case Unit::kNanoseconds:
      return "ns";
    case Unit::kMicroseconds:
      return "us";
    case Unit::kSeconds:
      return "s";
    case Unit::kBytes:
      return "bytes";
    case Unit::kKibibytes:
      return "KiB";
    case Unit::kEnum:
      return "enum";
    case Unit::kFlags:
      return "flags";
    case Unit::kArguments:
      return "arguments";
    case Unit::kDevice:
      return "device";
    case Unit::kWaitStatus:
      return "wait status";
    case Unit::kHex:
      return "hex";
  }
  std::abort();
}

// ---- The tables ----

// Every sentence begins a line, as mdoc(7) has it.
std::string Sentences(std::string_view text) {
  std::string lines;
  for (;;) {
    const size_t end = text.find(". ");
    if (end == std::string_view::npos) return lines.append(text).append("\n");
    lines.append(text.substr(0, end + 1)).append("\n");
    text.remove_prefix(end + 2);
  }
}

// The wire code; behind those of plain numbers the bits that the number must fit in.
template <class F>
std::string CodeName(const F& field) {
  using Member = internal::PlainType<typename F::Member>;
  std::string name = WireName(field.wire);
  const bool is_plain = field.wire == Wire::kUint || field.wire == Wire::kInt;
  if (is_plain && sizeof(Member) < sizeof(uint64_t)) name += std::to_string(8 * sizeof(Member));
  return internal::kIsOptional<typename F::Member> ? name + "?" : name;
}

template <class F>
std::string FieldEntry(const F& field) {
  std::string entry = fmt::format(".It Va {} Pq {}", field.name, CodeName(field));
  const std::string unit = UnitName(field.unit);
  if (!unit.empty()) entry += ", " + unit;
  entry += "\n" + Sentences(field.text);
  std::string_view separator = "Values: ";
  for (const ValueName& name : field.names) {
    entry += fmt::format("{}{} {}", separator, name.value, name.name);
    separator = ", ";
  }
  return field.names.empty() ? entry : entry + ".\n";
}

std::string LengthOf(uint8_t type) {
  for (const TypeInfo& info : BuiltinTypes()) {
    if (info.type == type) {
      return fmt::format("Payload of {} to {} bytes.\n", info.min_bytes, info.max_bytes);
    }
  }
  return "";
}

template <class Record>
std::string TypeEntry() {
  const uint8_t type = Schema<Record>::kType;
  std::string entry = fmt::format(".Ss {:02X} {}\n", type, Schema<Record>::kName);
  entry += Sentences(Schema<Record>::kText);
  entry += LengthOf(type);
  if (IsNumbered(type)) entry += "Numbered.\n";
  entry += ".Bl -tag -width Ds -compact\n";
  internal::ForEachField<Record>([&](const auto& field) { entry += FieldEntry(field); });
  return entry + ".El\n";
}

template <class... Records>
std::string TypeEntries(TypeList<Records...>) {
  return (TypeEntry<Records>() + ...);
}

// ---- The example ----

constexpr uint64_t kBirthNs = 5'000'250'000;

// What a log with one birth looks like; without the descriptions of types, which are long.
std::vector<uint8_t> ExampleSegment() {
  constexpr uint32_t kTag = 0x7A67B00C;
  SegmentStart start{.signature = kSignature,
                     .major_version = kMajorVersion,
                     .minor_version = kMinorVersion,
                     .tag = kTag,
                     .segment_no = 1,
                     .tick_ns = kTickNs,
                     .first_seq = 1,
                     .time_ns = 5'000'000'000,
                     .realtime_ns = 1'790'000'000'000'000'000};
  start.stream_id.bytes.fill(0x11);
  start.host_id.bytes.fill(0x22);
  start.boot_id.bytes.fill(0x33);
  SegmentBuffer buffer(start.tag, start.first_seq);
  buffer.Append(start);
  buffer.NoteMoment(start.time_ns);
  buffer.CloseBlock(kCheckpointFirst);
  buffer.Append(Fork{.time_ns = kBirthNs,
                     .pid = 1234,
                     .ppid = 1,
                     .parent_start_ns = 10'000'000,
                     .flags = kProcNeverExeced,
                     .uid = 1000,
                     .euid = 1000,
                     .gid = 1000,
                     .egid = 1000});
  buffer.NoteMoment(kBirthNs);
  buffer.NotePid(1234);
  buffer.Seal();
  buffer.CloseBlock();
  const auto bytes = buffer.Unwritten();
  return {bytes.begin(), bytes.end()};
}

struct ValueText {
  const FieldInfo& field;

  std::string operator()(std::monostate) const { return "unknown"; }
  std::string operator()(uint64_t number) const {
    std::string text = fmt::format(fmt::runtime(field.unit == Unit::kHex ? "{:x}" : "{}"), number);
    for (const auto& [value, name] : field.names) {
      if (value == number) text += " (" + name + ")";
    }
    return text;
  }
  std::string operator()(int64_t number) const { return std::to_string(number); }
  std::string operator()(std::string_view text) const { return std::string(text); }
  std::string operator()(const Id128&) const { return ""; }
};

// Rows of bytes, what they are beside the first.
std::string Rows(size_t offset, Bytes bytes, std::string_view text) {
  constexpr size_t kRowBytes = 8;
  std::string rows;
  while (!bytes.empty()) {
    std::string hex;
    const size_t count = std::min(bytes.size(), kRowBytes);
    for (const uint8_t byte : bytes.first(count)) hex += fmt::format("{:02X} ", byte);
    rows += text.empty() ? fmt::format("{:04X}  {}\n", offset, hex.substr(0, hex.size() - 1))
                         : fmt::format("{:04X}  {:<24} {}\n", offset, hex, text);
    text = {};
    offset += count;
    bytes = bytes.subspan(count);
  }
  return rows;
}

std::string RecordRows(Bytes file, const RecordView& record, TypeInfo type) {
  const size_t payload_begin = record.offset + kHeaderBytes;
  std::string rows = Rows(record.offset, file.subspan(record.offset, kHeaderBytes),
                          fmt::format("{}, {} bytes", type.name, record.payload.size()));
  const std::vector<FieldInfo> fields = std::exchange(type.fields, {});
  size_t begin = 0;
  for (const FieldInfo& field : fields) {
    // What a description with one field more takes of the payload is that field's.
    type.fields.push_back(field);
    const DecodedFields decoded = DecodeFields(type, record.payload, record.base);
    const size_t end = record.payload.size() - decoded.rest.size();
    const std::string value = std::visit(ValueText{field}, decoded.values.back());
    rows += Rows(payload_begin + begin, record.payload.subspan(begin, end - begin),
                 field.name + (value.empty() ? "" : " " + value));
    begin = end;
  }
  return rows;
}

std::string Example() {
  const std::vector<uint8_t> file = ExampleSegment();
  const TypeRegistry types;
  SegmentReader reader{Bytes(file)};
  std::string rows = ".Bd -literal\n";
  for (;;) {
    const Item item = reader.Next();
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr) return rows + ".Ed\n";
    rows += RecordRows(file, *record, *types.Find(record->type));
  }
}

// ---- The page ----

constexpr std::string_view kBegin = ".\\\" BEGIN ";
constexpr std::string_view kEnd = ".\\\" END ";

// The page with its generated parts renewed; nullopt where it lacks one.
std::optional<std::string> Renew(std::istream& page) {
  std::map<std::string, std::string> parts{{"records", TypeEntries(AllRecords{})},
                                           {"container", TypeEntries(ContainerRecords{})},
                                           {"example", Example()}};
  std::string renewed;
  bool copy = true;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with(kEnd)) copy = true;
    if (copy) renewed += line + "\n";
    if (!line.starts_with(kBegin)) continue;
    const auto part = parts.extract(line.substr(kBegin.size()));
    if (!part) return std::nullopt;
    renewed += part.mapped();
    copy = false;
  }
  return copy && parts.empty() ? std::optional(renewed) : std::nullopt;
}

int Run(const std::string& path, bool write) {
  std::ifstream file(path);
  std::ostringstream old;
  old << file.rdbuf();
  std::istringstream page(old.str());
  const auto renewed = Renew(page);
  if (!renewed) {
    std::cerr << "gen_tables: " << path << ": cannot read it, or the lines '" << kBegin
              << "records', 'container', 'example' and their ends are not all there once\n";
    return 2;
  }
  if (*renewed == old.str()) return 0;
  if (write) return (std::ofstream(path) << *renewed).flush() ? 0 : 2;
  std::cerr << "gen_tables: " << path << " is not what the code says; renew it with:\n"
            << "  gen_tables --write " << path << "\n";
  return 1;
}

}  // namespace
}  // namespace daybook

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 1) return daybook::Run(arguments[0], false);
  if (arguments.size() == 2 && arguments[0] == "--write") return daybook::Run(arguments[1], true);
  std::cerr << "usage: gen_tables [--write] PAGE\n";
  return 2;
}
