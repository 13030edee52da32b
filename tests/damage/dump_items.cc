// Prints what the reader makes of a file, or of each file of a folder, as one JSON line per item:
// to be compared with what an independent reader makes of it.
//   dump_items [--salvage] FILE|FOLDER
// Of a folder, the items of each file follow a line {"kind":"file","name":...}, in order of names.
// Exit status: 0 read, 1 something could not be opened, 2 wrong usage.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/life_pack.h"
#include "daybook/reader.h"

namespace daybook {
namespace {

std::string Number(const std::optional<uint64_t>& value) {
  return value ? std::to_string(*value) : "null";
}

std::string Hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string WrongByteText(const std::optional<WrongByte>& wrong) {
  if (!wrong) return "null";
  return fmt::format(R"({{"offset":{},"is":{},"was":{}}})", wrong->offset, wrong->is, wrong->was);
}

template <class T>
std::string ValueText(const T& value) {
  if constexpr (internal::kIsOptional<T>) {
    return value ? ValueText(*value) : "null";
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return '"' + Hex({reinterpret_cast<const uint8_t*>(value.data()), value.size()}) + '"';
  } else if constexpr (std::is_same_v<T, Id128>) {
    return '"' + Hex(value.bytes) + '"';
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<uint64_t>(value));
  } else {
    return std::to_string(value);
  }
}

template <class Record>
std::string FieldsOf(const Record& decoded) {
  std::string text;
  internal::ForEachField<Record>([&](const auto& field) {
    text += fmt::format(R"({}"{}":{})", text.empty() ? '{' : ',', field.name,
                        ValueText(decoded.*field.member));
  });
  return text + '}';
}

template <class Record>
std::string FieldsAs(const RecordView& record) {
  Record decoded;
  return record.As(&decoded) ? FieldsOf(decoded) : "";
}

// null where the type is not known, or the record malformed or without a base.
template <class... Records>
std::string FieldsText(const RecordView& record, TypeList<Records...>) {
  const std::string text = (FieldsAs<Records>(record) + ...);
  return text.empty() ? "null" : text;
}

// What is said of a record that stands for several lives.
std::string LivesText(const RecordView& record) {
  if (record.type != Schema<Lives>::kType) return "";
  if (Lives lives; !record.As(&lives)) return R"(,"lives":null)";
  std::string text;
  const bool is_well_formed = ForEachLife(record, [&text](const WholeLife& life) {
    text += (text.empty() ? "" : ",") + FieldsOf(life);
  });
  return fmt::format(R"(,"lives":[{}],"malformed":{})", text, !is_well_formed);
}

void Print(const RecordView& record) {
  fmt::print(R"({{"kind":"record","offset":{},"size":{},"type":{},"seq":{},"proof":"{}",)"
             R"("has_base":{},"is_whole":{},"payload_hex":"{}","fields":{}{}}})"
             "\n",
             record.offset, record.size, record.type, Number(record.seq), ProofName(record.proof),
             record.has_base, record.is_whole, Hex(record.payload),
             FieldsText(record, AllRecords{}), LivesText(record));
}

void Print(const Gap& gap) {
  fmt::print(R"({{"kind":"gap","begin":{},"end":{},"cause":"{}","tail":"{}","records_lost":{},)"
             R"("first_lost_seq":{},"first_time":{},"last_time":{},"records_salvaged":{},)"
             R"("wrong_byte":{}}})"
             "\n",
             gap.begin, gap.end, GapCauseName(gap.cause), TailKindName(gap.tail),
             Number(gap.records_lost), Number(gap.first_lost_seq), Number(gap.first_time_ns),
             Number(gap.last_time_ns), gap.records_salvaged, WrongByteText(gap.wrong_byte));
}

void Print(const Skip& skip) {
  fmt::print("{{\"kind\":\"skip\",\"begin\":{},\"end\":{}}}\n", skip.begin, skip.end);
}

void Print(const End& end) { fmt::print("{{\"kind\":\"end\",\"complete\":{}}}\n", end.complete); }

bool Dump(const std::string& path, ReaderOptions options) {
  auto reader = SegmentReader::Open(path, options);
  if (!reader) {
    fmt::print(stderr, "dump_items: {}\n", reader.error().message());
    return false;
  }
  for (;;) {
    const Item item = reader->Next();
    std::visit([](const auto& one) { Print(one); }, item);
    if (std::holds_alternative<End>(item)) return true;
  }
}

bool DumpFolder(const std::string& path, ReaderOptions options) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() != ".jsonl") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  bool fine = true;
  for (const auto& file : files) {
    fmt::print("{{\"kind\":\"file\",\"name\":\"{}\"}}\n", file.filename().string());
    fine &= Dump(file.string(), options);
  }
  return fine;
}

int Main(int argc, char** argv) {
  ReaderOptions options;
  std::string path;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--salvage") {
      options.salvage = true;
    } else if (path.empty()) {
      path = argv[i];
    }
  }
  if (path.empty()) {
    fmt::print(stderr, "usage: dump_items [--salvage] FILE|FOLDER\n");
    return 2;
  }
  const bool is_folder = std::filesystem::is_directory(path);
  return (is_folder ? DumpFolder(path, options) : Dump(path, options)) ? 0 : 1;
}

}  // namespace
}  // namespace daybook

int main(int argc, char** argv) { return daybook::Main(argc, argv); }
