// What a log costs: its bytes by record type and by process life, and how fast it is read, as a
// ratio to memcpy(3) of the same bytes in the same run.
//   bench_format LOG...      files or folders; at best a recording of something real
// Speeds are medians of rounds in which everything measured takes its turn; absolute times say
// little, ratios more.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daybook/compress.h"
#include "daybook/life_pack.h"
#include "daybook/reader.h"
#include "daybook/schema.h"
#include "daybook/writer.h"

namespace daybook {
namespace {

constexpr int kRounds = 15;

struct TypeUse {
  uint64_t records = 0;
  uint64_t bytes = 0;
};

// Of all files together.
struct LogUse {
  std::array<TypeUse, 256> types;
  uint64_t bytes = 0;
  uint64_t compressed_bytes = 0;
  uint64_t lives = 0;
  uint64_t gaps = 0;
};

uint64_t FileBytes(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return 0;
  std::fseek(file, 0, SEEK_END);
  const long bytes = std::ftell(file);
  std::fclose(file);
  return bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
}

// Of what becomes of a raw segment when the recorder is done with it.
uint64_t CompressedBytes(const std::string& path) {
  if (!path.ends_with(".dbk")) return FileBytes(path);
  std::string folder = std::filesystem::temp_directory_path() / "bench_format_XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 0;
  std::filesystem::copy_file(path, folder + "/daybook-00000001.dbk");
  auto opened = OpenLogFolder(folder);
  const bool done = opened && CompressSegment(**opened, 1);
  const uint64_t bytes = done ? FileBytes(folder + "/daybook-00000001.dbk.zst") : 0;
  std::filesystem::remove_all(folder);
  return bytes;
}

void Count(SegmentReader& reader, LogUse* use) {
  for (Item item = reader.Next(); !std::holds_alternative<End>(item); item = reader.Next()) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr) {
      ++use->gaps;
      continue;
    }
    ++use->types[record->type].records;
    use->types[record->type].bytes += record->size;
    use->lives += record->Is<Exit>() ? 1 : 0;
    (void)ForEachLife(*record, [use](const WholeLife&) { ++use->lives; });
  }
  use->bytes += reader.file_bytes();
}

double Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double PerOne(uint64_t bytes, uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(count);
}

void PrintUse(const LogUse& use) {
  fmt::print("{:<14} {:>10} {:>12} {:>8} {:>7}\n", "type", "records", "bytes", "each", "share");
  for (const TypeInfo& type : BuiltinTypes()) {
    const TypeUse& of_type = use.types[type.type];
    if (of_type.records == 0) continue;
    fmt::print("{:<14} {:>10} {:>12} {:>8.1f} {:>6.2f}%\n", type.name, of_type.records,
               of_type.bytes, PerOne(of_type.bytes, of_type.records),
               Percent(of_type.bytes, use.bytes));
  }
  const auto bytes_of = [&](uint8_t type) { return use.types[type].bytes; };
  const uint64_t framing = bytes_of(Schema<Checkpoint>::kType) + bytes_of(Schema<Mark>::kType);
  fmt::print("\n{} bytes, {} compressed; {} lives\n", use.bytes, use.compressed_bytes, use.lives);
  fmt::print("a life: {:.1f} bytes, {:.1f} compressed\n", PerOne(use.bytes, use.lives),
             PerOne(use.compressed_bytes, use.lives));
  fmt::print("checkpoints {:.2f} %, with marks {:.2f} % of all bytes; {} gaps\n",
             Percent(bytes_of(Schema<Checkpoint>::kType), use.bytes), Percent(framing, use.bytes),
             use.gaps);
}

// Nothing that is computed may be left out by the compiler.
volatile uint64_t g_sink;

// Hops over all headers, as who skips every record would.
uint64_t Walk(std::span<const uint8_t> bytes) {
  constexpr size_t kHeaderBytes = 4;
  uint64_t records = 0;
  for (size_t at = 0; at + kHeaderBytes <= bytes.size(); ++records) {
    at += kHeaderBytes + bytes[at + kHeaderBytes - 1];
  }
  return records;
}

// Every checksum, every record handed out, none decoded.
uint64_t Verify(std::span<const uint8_t> bytes) {
  SegmentReader reader(bytes);
  uint64_t records = 0;
  Item item;
  for (reader.Next(&item); !std::holds_alternative<End>(item); reader.Next(&item)) ++records;
  return records;
}

uint64_t DecodeLives(std::span<const uint8_t> bytes) {
  SegmentReader reader(bytes);
  uint64_t sum = 0;
  Item item;
  for (reader.Next(&item); !std::holds_alternative<End>(item); reader.Next(&item)) {
    const auto* record = std::get_if<RecordView>(&item);
    if (record == nullptr) continue;
    Fork fork;
    Exit exit;
    if (record->As(&fork)) sum += fork.pid;
    if (record->As(&exit)) sum += exit.pid;
    (void)ForEachLife(*record, [&sum](const WholeLife& life) { sum += life.pid; });
  }
  return sum;
}

struct Contender {
  std::string_view name;
  std::function<uint64_t()> run;
  std::vector<double> seconds;
};

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void PrintSpeeds(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> copy(bytes.size());
  std::vector<uint8_t> noise(bytes.begin(), bytes.end());
  for (uint8_t& byte : noise) byte = byte == 0x91 ? 0x90 : byte;  // no cookie left
  std::vector<Contender> contenders;
  const auto add = [&](std::string_view name, std::function<uint64_t()> run) {
    contenders.push_back({.name = name, .run = std::move(run), .seconds = {}});
  };
  add("memcpy", [&] { return std::memcpy(copy.data(), bytes.data(), bytes.size()), copy.back(); });
  add("walk over headers", [&] { return Walk(bytes); });
  add("verify (every checksum)", [&] { return Verify(bytes); });
  add("verify and decode lives", [&] { return DecodeLives(bytes); });
  add("search for a cookie that is not there", [&] { return Verify(noise); });
  for (int round = 0; round < kRounds; ++round) {
    for (Contender& contender : contenders) {
      const auto begin = std::chrono::steady_clock::now();
      g_sink = contender.run();
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
      contender.seconds.push_back(time.count());
    }
  }
  const double memcpy_seconds = Median(contenders.front().seconds);
  fmt::print("\n{:<40} {:>8} {:>16}\n", "", "GB/s", "memcpy's time x");
  for (const Contender& contender : contenders) {
    const double seconds = Median(contender.seconds);
    fmt::print("{:<40} {:>8.2f} {:>16.2f}\n", contender.name,
               static_cast<double>(bytes.size()) / seconds / 1e9, seconds / memcpy_seconds);
  }
}

// Raw bytes of the longest file that is not compressed, repeated to what no cache holds.
std::vector<uint8_t> BytesToRead(const std::vector<std::string>& paths) {
  constexpr size_t kEnough = size_t{64} << 20;
  std::vector<uint8_t> one;
  for (const std::string& path : paths) {
    std::FILE* const file = path.ends_with(".dbk") ? std::fopen(path.c_str(), "rb") : nullptr;
    if (file == nullptr) continue;
    std::vector<uint8_t> bytes(FileBytes(path));
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    std::fclose(file);
    if (bytes.size() > one.size()) one = std::move(bytes);
  }
  std::vector<uint8_t> all;
  while (!one.empty() && all.size() < kEnough) all.insert(all.end(), one.begin(), one.end());
  return all;
}

int Run(std::span<char*> arguments) {
  std::vector<std::string> paths;
  for (const char* argument : arguments) {
    auto found = FindSegments(argument);
    if (!found) return fmt::print(stderr, "bench_format: {}\n", found.error().message()), 3;
    paths.insert(paths.end(), found->begin(), found->end());
  }
  LogUse use;
  for (const std::string& path : paths) {
    auto reader = SegmentReader::Open(path);
    if (!reader) return fmt::print(stderr, "bench_format: {}\n", reader.error().message()), 3;
    Count(*reader, &use);
    use.compressed_bytes += CompressedBytes(path);
  }
  PrintUse(use);
  const std::vector<uint8_t> bytes = BytesToRead(paths);
  if (!bytes.empty()) PrintSpeeds(bytes);
  return 0;
}

}  // namespace
}  // namespace daybook

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "usage: bench_format LOG...\n"), 2;
  return daybook::Run({argv + 1, static_cast<size_t>(argc - 1)});
}
