#include "rollup/rollup_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>
#include <utility>
#include <vector>

#include "log/log_set.h"

namespace daybook {
namespace {

// All of it is one segment. Of so few bytes a wrong one is not to cost as much as in a log.
WriterOptions RollupWriterOptions() {
  return {.segment_bytes = UINT64_MAX,
          .segment_age_ns = UINT64_MAX,
          .block_bytes = 1024,
          .sync = SyncPolicy::kNone};
}

LogIdentity MakeIdentity() {
  return {.host_id = {},
          .boot_id = RandomId(),
          .info = {{std::string(kHolds), std::string(kRollups)}},
          .holds_rollups = true};
}

Error Exists(const std::string& path) {
  return Error("cannot create " + path + ": it is there already; --replace puts a new one there");
}

std::string FolderOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

// Makes the file's new name durable.
Status SyncFolderOf(const std::string& path) {
  const std::string folder = FolderOf(path);
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return Error::FromErrno("cannot open " + folder, errno);
  const bool is_synced = fsync(descriptor) == 0 || errno == EINVAL;
  const int error_number = errno;
  close(descriptor);
  if (!is_synced) return Error::FromErrno("cannot sync " + folder, error_number);
  return Ok{};
}

}  // namespace

Status CheckNewFile(const std::string& path, Replace replace) {
  struct stat status;
  if (path == "-") return Ok{};
  if (replace == Replace::kNo && lstat(path.c_str(), &status) == 0) return Exists(path);
  if (access(FolderOf(path).c_str(), W_OK | X_OK) == 0) return Ok{};
  return Error::FromErrno("cannot create " + path, errno);
}

// The file behind the writer, under a name of its own until it is complete.
class RollupFile::Target {
 public:
  static Result<std::shared_ptr<Target>> Open(const std::string& path, Replace replace) {
    if (path == "-") return ToStandardOutput();
    if (Status checked = CheckNewFile(path, replace); !checked) return std::move(checked).error();
    const std::filesystem::path whole(path);
    // Hidden, so that nobody takes it for one that is complete.
    const std::string temporary =
        whole.parent_path() /
        fmt::format(".{}.{:08x}.tmp", whole.filename().string(), std::random_device()());
    const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) return Error::FromErrno("cannot create " + path, errno);
    return std::make_shared<Target>(descriptor, path, temporary, replace);
  }

  Target(int descriptor, std::string path, std::string temporary, Replace replace)
      : descriptor_(descriptor),
        path_(std::move(path)),
        temporary_(std::move(temporary)),
        replace_(replace) {}
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() {
    if (!temporary_.empty()) unlink(temporary_.c_str());
    if (descriptor_ > STDERR_FILENO) close(descriptor_);
  }

  Result<size_t> Write(std::span<const uint8_t> bytes) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) return static_cast<size_t>(written);
    return Failed("write to", errno);
  }

  // A pipe needs none.
  Status Sync() {
    if (fdatasync(descriptor_) == 0 || errno == EINVAL || errno == EROFS) return Ok{};
    return Failed("sync", errno);
  }

  Status Finish() {
    if (failure_) return *failure_;
    if (Status synced = Sync(); !synced || temporary_.empty()) return synced;
    const unsigned flags = replace_ == Replace::kNo ? RENAME_NOREPLACE : 0;
    int status = renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags);
    // A file system that cannot do so; the name was free when this began.
    if (status != 0 && errno == EINVAL) status = rename(temporary_.c_str(), path_.c_str());
    if (status != 0 && errno == EEXIST) return Exists(path_);
    if (status != 0) return Error::FromErrno("cannot rename " + temporary_ + " to " + path_, errno);
    temporary_.clear();
    return SyncFolderOf(path_);
  }

 private:
  static Result<std::shared_ptr<Target>> ToStandardOutput() {
    if (isatty(STDOUT_FILENO) != 0) {
      return Error("not to a terminal: this is no text; give a file, or a pipe");
    }
    return std::make_shared<Target>(STDOUT_FILENO, "standard output", "", Replace::kYes);
  }

  // The first failure says why; what follows it does not.
  Error Failed(std::string_view what, int error_number) {
    if (!failure_) {
      failure_ = Error::FromErrno(fmt::format("cannot {} {}", what, path_), error_number);
    }
    return *failure_;
  }

  int descriptor_;
  std::string path_;
  std::string temporary_;  // empty where there is none, or no longer
  Replace replace_;
  std::optional<Error> failure_;
};

namespace {

// What the writer takes for a folder has one file in it.
template <class Target>
class TargetFile : public LogFile {
 public:
  explicit TargetFile(std::shared_ptr<Target> target) : target_(std::move(target)) {}

  Result<size_t> Write(std::span<const uint8_t> bytes) override { return target_->Write(bytes); }
  Status Reserve(uint64_t) override { return Ok{}; }
  Status Sync() override { return target_->Sync(); }
  Status Close() override { return Ok{}; }

 private:
  std::shared_ptr<Target> target_;
};

template <class Target>
class TargetFolder : public LogFolder {
 public:
  explicit TargetFolder(std::shared_ptr<Target> target) : target_(std::move(target)) {}

  Result<std::unique_ptr<LogFile>> Create(const std::string& name) override {
    if (target_ == nullptr) return Error("cannot create " + name + ": all is one file");
    return std::unique_ptr<LogFile>(
        std::make_unique<TargetFile<Target>>(std::exchange(target_, nullptr)));
  }
  Status Remove(const std::string&) override { return Ok{}; }
  Status Rename(const std::string& from, const std::string&) override { return NoFile(from); }
  Result<std::vector<FileInfo>> List() override { return std::vector<FileInfo>(); }
  Result<uint64_t> FreeBytes() override { return UINT64_MAX; }
  Result<std::vector<uint8_t>> Read(const std::string& name) override { return NoFile(name); }
  Result<std::vector<uint8_t>> ReadAt(const std::string& name, uint64_t, size_t) override {
    return NoFile(name);
  }
  Status SyncFile(const std::string& name) override { return NoFile(name); }
  Status Sync() override { return Ok{}; }
  Status Lock() override { return Ok{}; }

 private:
  static Error NoFile(const std::string& name) { return Error("no file " + name); }

  std::shared_ptr<Target> target_;  // until the file is created
};

}  // namespace

Result<RollupFile> RollupFile::Create(const std::string& path, Replace replace, int64_t now_ns) {
  auto target = Target::Open(path, replace);
  if (!target) return std::move(target).error();
  const auto time_ns = static_cast<uint64_t>(now_ns);  // boot time is the wall clock here
  const auto read_clock = [now_ns, time_ns] {
    return Clock{.time_ns = time_ns, .realtime_ns = now_ns, .monotonic_ns = time_ns};
  };
  auto writer = LogWriter::Open(std::make_unique<TargetFolder<Target>>(*target), MakeIdentity(),
                                read_clock, RollupWriterOptions());
  if (!writer) return std::move(writer).error();
  return RollupFile(*std::move(target), *std::move(writer));
}

RollupFile::RollupFile(std::shared_ptr<Target> target, LogWriter writer)
    : target_(std::move(target)), writer_(std::move(writer)) {}
RollupFile::RollupFile(RollupFile&&) noexcept = default;
RollupFile::~RollupFile() = default;

Status RollupFile::Append(RollupFacts facts, std::span<const KeyedTotals> groups) {
  facts.numbers.no = ++rollups_;
  writer_.Append(facts.ToRecord());
  for (const KeyedTotals& group : groups) {
    const RollupGroupRecords records(group, rollups_);
    for (const RollupGroup& record : records.records()) writer_.Append(record);
  }
  if (!groups.empty()) writer_.Append(facts.ToRecord());
  return writer_.Flush();
}

Status RollupFile::Close() {
  Status closed = writer_.Close();
  if (Status finished = target_->Finish(); !finished) return finished;
  return closed;
}

}  // namespace daybook
