// A log folder in memory that fails when told to, and keeps a journal of what was done to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daybook/writer.h"

namespace daybook {

// One operation that changed the disk or made a change durable.
struct DiskOperation {
  enum class Kind { kCreate, kWrite, kSync, kRemove, kRename, kSyncFolder };
  Kind kind;
  std::string name;
  std::string new_name;
  std::vector<uint8_t> bytes;
};

// Shared by the folder, its files and the test: lives as long as any of them.
struct FakeDisk {
  std::map<std::string, std::vector<uint8_t>> files;
  std::vector<std::string> calls;
  std::vector<DiskOperation> journal;
  // Asked before each operation ("create", "write", "reserve", "sync", "close", "remove", "rename",
  // "list", "read", "sync_file", "sync_folder") with the number of operations before it; returns an
  // errno, or 0 to let it pass.
  std::function<int(std::string_view operation, size_t index)> fault = [](auto, auto) { return 0; };
  // At most so many bytes are taken by one write.
  size_t write_limit = SIZE_MAX;
  // How much it holds, and what others have taken of that.
  uint64_t capacity = uint64_t{1} << 40;
  uint64_t others_bytes = 0;
  // Called after each change.
  std::function<void()> changed = [] {};

  int Ask(std::string_view operation);
  // As Linux: room beyond a file's length may be set aside for it.
  uint64_t BytesOf(const std::string& name) const;
  uint64_t UsedBytes() const;
  uint64_t FreeBytes() const;
  void Did(DiskOperation operation);

  std::map<std::string, uint64_t> reserved_bytes;
  std::map<std::string, size_t> synced_bytes;
};

class FakeFolder : public LogFolder {
 public:
  explicit FakeFolder(std::shared_ptr<FakeDisk> disk) : disk_(std::move(disk)) {}

  Result<std::unique_ptr<LogFile>> Create(const std::string& name) override;
  Status Remove(const std::string& name) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Result<std::vector<FileInfo>> List() override;
  Result<uint64_t> FreeBytes() override { return disk_->FreeBytes(); }
  Result<std::vector<uint8_t>> Read(const std::string& name) override;
  Result<std::vector<uint8_t>> ReadAt(const std::string& name, uint64_t offset,
                                      size_t bytes) override;
  Status SyncFile(const std::string& name) override;
  Status Lock() override { return Ok{}; }
  Status Sync() override;

 private:
  std::shared_ptr<FakeDisk> disk_;
};

}  // namespace daybook
