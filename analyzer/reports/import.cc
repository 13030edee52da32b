// Writes a log from process accounting files, and tells what was read of each.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daybook/salvage.h"
#include "exit_status.h"
#include "pacct/pacct_lives.h"
#include "pacct/pacct_log.h"
#include "pacct/pacct_reader.h"
#include "report.h"
#include "text/escape.h"

namespace daybook {
namespace {

constexpr Column kColumns[] = {
    {"part", Kind::kString, 1, Shown::kToPeople},
    {"row", Kind::kString},
    {"file", Kind::kString},
    {"verdict", Kind::kString, 2},
    {"version", Kind::kNumber, 3},
    {"byte_order", Kind::kString, 4},
    {"begin", Kind::kNumber, 5},
    {"end", Kind::kNumber, 6},
    {"records", Kind::kNumber, 7},
    {"unread_bytes", Kind::kNumber, 8},
    {"first_time", Kind::kTime, 9},
    {"last_time", Kind::kTime, 10},
};
using Cells = std::array<Cell, std::size(kColumns)>;

constexpr ReportOption kOptions[] = {
    {"--host", "NAME", "The host whose files these are; no file tells it"}};

// What was read of one file.
struct FileFacts {
  std::string name;
  uint64_t bytes = 0;
  uint64_t records = 0;
  uint64_t unread_bytes = 0;
  std::optional<uint8_t> version;  // of the first record
  bool big_endian = false;
  std::optional<int64_t> first_ns;  // the earliest end
  std::optional<int64_t> last_ns;
  std::vector<PacctGap> gaps;
  bool is_unreadable = false;  // from some byte on
};

class InputFile {
 public:
  static Result<InputFile> Open(const std::string& path) {
    const int descriptor =
        path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) return Error::FromErrno("cannot open " + path, errno);
    return InputFile(descriptor, path == "-" ? "standard input" : path);
  }
  InputFile(InputFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), name_(std::move(other.name_)) {}
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile() {
    if (descriptor_ > STDERR_FILENO) close(descriptor_);
  }

  const std::string& name() const { return name_; }

  // Of no kind where that is not known.
  struct stat Stat() const {
    struct stat status {};
    if (fstat(descriptor_, &status) != 0) status = {};
    return status;
  }

  Result<size_t> Read(std::span<uint8_t> out) {
    for (;;) {
      const ssize_t size = read(descriptor_, out.data(), out.size());
      if (size >= 0) return static_cast<size_t>(size);
      if (errno != EINTR) return Error::FromErrno("cannot read " + name_, errno);
    }
  }

 private:
  InputFile(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

  int descriptor_;
  std::string name_;
};

// Rotated files are compressed more often than not.
struct Compression {
  std::string_view magic;
  std::string_view program;
};
constexpr Compression kCompressions[] = {{"\x1F\x8B", "zcat"},
                                         {"\xFD"
                                          "7zXZ",
                                          "xzcat"},
                                         {"\x28\xB5\x2F\xFD", "zstdcat"},
                                         {"BZh", "bzcat"}};

Error NoPacctFile(const std::string& name, std::span<const uint8_t> head) {
  const std::string_view bytes(reinterpret_cast<const char*>(head.data()), head.size());
  for (const Compression& compression : kCompressions) {
    if (!bytes.starts_with(compression.magic)) continue;
    return Error(fmt::format("{}: is compressed; give it as: {} FILE | daybook import - -o FOLDER",
                             name, compression.program));
  }
  return Error(name + ": not a process accounting file: no record of version 0 to 3 is in it");
}

void TakeRecord(const PacctRecord& record, FileFacts* facts) {
  if (!facts->version) {
    facts->version = record.version;
    facts->big_endian = record.big_endian;
  }
  ++facts->records;
  const auto end_ns = static_cast<int64_t>(ImportPacct(record, 0).exit.time_ns);
  facts->first_ns = std::min(facts->first_ns.value_or(end_ns), end_ns);
  facts->last_ns = std::max(facts->last_ns.value_or(end_ns), end_ns);
}

// An Error of the log ends everything, one of the file only the file.
struct FileEnd {
  std::optional<Error> failure;
};

Result<FileEnd> ImportFile(InputFile& file, PacctLog* log, FileFacts* facts) {
  PacctReader reader([&](std::span<uint8_t> out) { return file.Read(out); });
  constexpr size_t kMagicBytes = 8;
  const auto peeked = reader.Peek(kMagicBytes);
  if (!peeked) return FileEnd{peeked.error()};
  const std::vector<uint8_t> head(peeked->begin(), peeked->end());
  for (;;) {
    const auto item = reader.Next();
    if (!item) return FileEnd{item.error()};
    facts->bytes = reader.offset();
    if (const auto* record = std::get_if<PacctRecord>(&*item)) {
      TakeRecord(*record, facts);
      if (Status added = log->Add(*record); !added) return std::move(added).error();
    } else if (const auto* gap = std::get_if<PacctGap>(&*item)) {
      facts->gaps.push_back(*gap);
      facts->unread_bytes += gap->end - gap->begin;
    } else {
      break;
    }
  }
  if (facts->records == 0 && facts->bytes != 0) return FileEnd{NoPacctFile(file.name(), head)};
  return FileEnd{};
}

int StatusOf(const FileFacts& facts) {
  if (facts.gaps.empty()) return kExitFine;
  return facts.gaps.size() == 1 && facts.gaps[0].is_tail ? kExitFound : kExitIncomplete;
}

std::string_view VerdictOf(const FileFacts& facts) {
  if (facts.is_unreadable) return "unreadable";
  const int status = StatusOf(facts);
  if (status == kExitFine) return "complete";
  return status == kExitFound ? "torn_tail" : "damaged";
}

void AddRows(const FileFacts& facts, Table& table) {
  Cells cells{Text{facts.name},
              Text{"file"},
              Text{facts.name},
              Text{VerdictOf(facts)},
              Cell(),
              Cell(),
              uint64_t{0},
              facts.bytes,
              facts.records,
              facts.unread_bytes,
              OptionalCell(facts.first_ns),
              OptionalCell(facts.last_ns)};
  if (facts.version) {
    cells[4] = uint64_t{*facts.version};
    cells[5] = Text{facts.big_endian ? "big" : "little"};
  }
  table.Add(cells);
  for (const PacctGap& gap : facts.gaps) {
    table.Add(Cells{Text{"  gap"}, Text{"gap"}, Text{facts.name},
                    Text{gap.is_tail ? "torn_tail" : "damaged"}, Cell(), Cell(), gap.begin, gap.end,
                    Cell(), gap.end - gap.begin, Cell(), Cell()});
  }
}

// The files that were read, by their device and inode.
class FilesSeen {
 public:
  // False of one that was seen before, by whatever name. A pipe is another one each time.
  bool Add(const struct stat& file) {
    return !S_ISREG(file.st_mode) || seen_.emplace(file.st_dev, file.st_ino).second;
  }

 private:
  std::set<std::pair<dev_t, ino_t>> seen_;
};

Result<Imported> RunImport(std::span<const std::string> paths, const Wishes& wishes,
                           std::unique_ptr<LogFolder> folder, Table& table) {
  PacctLog log(std::move(folder), std::string(wishes.Value("--host").value_or("")));
  Imported imported;
  FilesSeen seen;
  for (const std::string& path : paths) {
    auto file = InputFile::Open(path);
    if (!file) {
      imported.failures.push_back(file.error());
      continue;
    }
    if (!seen.Add(file->Stat())) {
      std::string note = "given more than once, and read once: ";
      AppendEscaped(file->name(), &note);
      table.AddNote(std::move(note));
      continue;
    }
    FileFacts facts{.name = file->name()};
    auto end = ImportFile(*file, &log, &facts);
    if (!end) return std::move(end).error();
    facts.is_unreadable = end->failure.has_value();
    if (end->failure) imported.failures.push_back(std::move(*end->failure));
    if (facts.is_unreadable && facts.records == 0) continue;
    imported.exit_status = std::max(imported.exit_status, StatusOf(facts));
    AddRows(facts, table);
  }
  if (Status closed = log.Close(); !closed) return std::move(closed).error();
  if (!imported.failures.empty()) imported.exit_status = kExitUnreadable;
  return imported;
}

}  // namespace

constinit const Report kImportReport{
    .name = "import",
    .summary = "Writes a log from process accounting files (pacct) of any version.",
    .examples =
        "  daybook import /var/log/account/pacct -o imported\n"
        "  zcat pacct.2.gz | daybook import - -o imported && daybook list --log imported\n",
    .columns = kColumns,
    .options = kOptions,
    .default_sort = "",
    .has_window = false,
    .writes_folder = true,
    .import = RunImport,
};

}  // namespace daybook
