#include "support/fake_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>

namespace daybook {

int FakeDisk::Ask(std::string_view operation) {
  calls.emplace_back(operation);
  return fault(operation, calls.size() - 1);
}

uint64_t FakeDisk::BytesOf(const std::string& name) const {
  const auto reserved = reserved_bytes.find(name);
  const uint64_t length = files.at(name).size();
  return reserved == reserved_bytes.end() ? length : std::max(length, reserved->second);
}

uint64_t FakeDisk::UsedBytes() const {
  uint64_t used = 0;
  for (const auto& [name, bytes] : files) used += BytesOf(name);
  return used;
}

uint64_t FakeDisk::FreeBytes() const {
  const uint64_t taken = UsedBytes() + others_bytes;
  return capacity - std::min(capacity, taken);
}

void FakeDisk::Did(DiskOperation operation) {
  journal.push_back(std::move(operation));
  changed();
}

namespace {

// What could not be written is gone, and the next sync knows nothing of it: as Linux does.
Status SyncOn(FakeDisk& disk, std::string_view operation, const std::string& name) {
  const int error = disk.Ask(operation);
  const auto file = disk.files.find(name);  // asking may have removed it
  if (error != 0) {
    if (file != disk.files.end()) {
      const auto synced = static_cast<std::ptrdiff_t>(disk.synced_bytes[name]);
      std::fill(file->second.begin() + synced, file->second.end(), uint8_t{0});
    }
    return Error::FromErrno("sync", error);
  }
  if (file == disk.files.end()) return Error::FromErrno("sync", ENOENT);
  disk.synced_bytes[name] = file->second.size();
  disk.Did({DiskOperation::Kind::kSync, name, {}, {}});
  return Ok{};
}

class FakeFile : public LogFile {
 public:
  FakeFile(std::shared_ptr<FakeDisk> disk, std::string name)
      : disk_(std::move(disk)), name_(std::move(name)) {}
  ~FakeFile() override { disk_->reserved_bytes.erase(name_); }

  Result<size_t> Write(std::span<const uint8_t> bytes) override {
    if (const int error = disk_->Ask("write")) return Error::FromErrno("write", error);
    if (!disk_->files.contains(name_)) return bytes.size();  // removed, and still open
    auto& file = disk_->files[name_];
    const uint64_t room = disk_->BytesOf(name_) - file.size() + disk_->FreeBytes();
    const size_t size = std::min<uint64_t>({bytes.size(), disk_->write_limit, room});
    if (size == 0 && !bytes.empty()) return Error::FromErrno("write", ENOSPC);
    bytes = bytes.first(size);
    file.insert(file.end(), bytes.begin(), bytes.end());
    disk_->Did({DiskOperation::Kind::kWrite, name_, {}, {bytes.begin(), bytes.end()}});
    return size;
  }
  Status Reserve(uint64_t length) override {
    if (const int error = disk_->Ask("reserve")) return Error::FromErrno("reserve", error);
    if (!disk_->files.contains(name_)) return Ok{};
    const uint64_t now = disk_->BytesOf(name_);
    if (length > now && length - now > disk_->FreeBytes()) {
      return Error::FromErrno("reserve", ENOSPC);
    }
    disk_->reserved_bytes[name_] = std::max(length, now);
    disk_->changed();
    return Ok{};
  }
  Status Sync() override {
    Status synced = SyncOn(*disk_, "sync", name_);
    const bool is_removed = !synced && synced.error().error_number() == ENOENT;
    return is_removed ? Error(name_ + " was removed while it was written") : synced;
  }
  Status Close() override {
    disk_->reserved_bytes.erase(name_);
    if (const int error = disk_->Ask("close")) return Error::FromErrno("close", error);
    return Ok{};
  }

 private:
  std::shared_ptr<FakeDisk> disk_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<LogFile>> FakeFolder::Create(const std::string& name) {
  if (const int error = disk_->Ask("create")) return Error::FromErrno("create", error);
  if (!disk_->files.try_emplace(name).second) return Error::FromErrno("create", EEXIST);
  disk_->synced_bytes.erase(name);
  disk_->Did({DiskOperation::Kind::kCreate, name, {}, {}});
  return std::unique_ptr<LogFile>(std::make_unique<FakeFile>(disk_, name));
}

Status FakeFolder::Remove(const std::string& name) {
  if (const int error = disk_->Ask("remove")) return Error::FromErrno("remove", error);
  if (disk_->files.erase(name) == 0) return Error::FromErrno("remove", ENOENT);
  disk_->reserved_bytes.erase(name);
  disk_->Did({DiskOperation::Kind::kRemove, name, {}, {}});
  return Ok{};
}

Status FakeFolder::Rename(const std::string& from, const std::string& to) {
  if (const int error = disk_->Ask("rename")) return Error::FromErrno("rename", error);
  auto node = disk_->files.extract(from);
  if (node.empty()) return Error::FromErrno("rename", ENOENT);
  disk_->files[to] = std::move(node.mapped());
  disk_->Did({DiskOperation::Kind::kRename, from, to, {}});
  return Ok{};
}

Result<std::vector<FileInfo>> FakeFolder::List() {
  if (const int error = disk_->Ask("list")) return Error::FromErrno("list", error);
  std::vector<FileInfo> files;
  for (const auto& [name, bytes] : disk_->files) files.push_back({name, disk_->BytesOf(name)});
  return files;
}

Result<std::vector<uint8_t>> FakeFolder::Read(const std::string& name) {
  if (const int error = disk_->Ask("read")) return Error::FromErrno("read", error);
  const auto file = disk_->files.find(name);
  if (file == disk_->files.end()) return Error::FromErrno("read", ENOENT);
  return file->second;
}

Result<std::vector<uint8_t>> FakeFolder::ReadAt(const std::string& name, uint64_t offset,
                                                size_t bytes) {
  if (const int error = disk_->Ask("read")) return Error::FromErrno("read", error);
  const auto file = disk_->files.find(name);
  if (file == disk_->files.end()) return Error::FromErrno("read", ENOENT);
  std::span<const uint8_t> rest(file->second);
  rest = rest.subspan(std::min<uint64_t>(offset, rest.size()));
  rest = rest.first(std::min(bytes, rest.size()));
  return std::vector<uint8_t>(rest.begin(), rest.end());
}

Status FakeFolder::SyncFile(const std::string& name) { return SyncOn(*disk_, "sync_file", name); }

Status FakeFolder::Sync() {
  if (const int error = disk_->Ask("sync_folder")) return Error::FromErrno("sync", error);
  disk_->Did({DiskOperation::Kind::kSyncFolder, {}, {}, {}});
  return Ok{};
}

}  // namespace daybook
