// A log folder in memory that fails when told to.
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daybook/writer.h"

namespace daybook {

// Shared by the folder, its files and the test: lives as long as any of them.
struct FakeDisk {
  std::map<std::string, std::vector<uint8_t>> files;
  std::vector<std::string> calls;
  // Asked before each operation ("create", "write", "sync", "close", "sync_folder") with the number
  // of operations before it; returns an errno, or 0 to let it pass.
  std::function<int(std::string_view operation, size_t index)> fault = [](auto, auto) { return 0; };
  // At most so many bytes are taken by one write.
  size_t write_limit = SIZE_MAX;

  int Ask(std::string_view operation) {
    calls.emplace_back(operation);
    return fault(operation, calls.size() - 1);
  }
};

class FakeFile : public LogFile {
 public:
  FakeFile(std::shared_ptr<FakeDisk> disk, std::string name)
      : disk_(std::move(disk)), name_(std::move(name)) {}

  Result<size_t> Write(std::span<const uint8_t> bytes) override {
    if (const int error = disk_->Ask("write")) return Error::FromErrno("write", error);
    const size_t size = std::min(bytes.size(), disk_->write_limit);
    auto& file = disk_->files[name_];
    file.insert(file.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    return size;
  }
  Status Sync() override { return Answer("sync"); }
  Status Close() override { return Answer("close"); }

 private:
  Status Answer(std::string_view operation) {
    if (const int error = disk_->Ask(operation)) return Error::FromErrno(operation, error);
    return Ok{};
  }

  std::shared_ptr<FakeDisk> disk_;
  std::string name_;
};

class FakeFolder : public LogFolder {
 public:
  explicit FakeFolder(std::shared_ptr<FakeDisk> disk) : disk_(std::move(disk)) {}

  Result<std::unique_ptr<LogFile>> Create(const std::string& name) override {
    if (const int error = disk_->Ask("create")) return Error::FromErrno("create", error);
    if (!disk_->files.try_emplace(name).second) return Error::FromErrno("create", EEXIST);
    return std::unique_ptr<LogFile>(std::make_unique<FakeFile>(disk_, name));
  }
  Status Remove(const std::string& name) override {
    disk_->files.erase(name);
    return Ok{};
  }
  Status Rename(const std::string& from, const std::string& to) override {
    if (const int error = disk_->Ask("rename")) return Error::FromErrno("rename", error);
    auto node = disk_->files.extract(from);
    if (node.empty()) return Error::FromErrno("rename", ENOENT);
    disk_->files[to] = std::move(node.mapped());
    return Ok{};
  }
  Result<std::vector<FileInfo>> List() override {
    std::vector<FileInfo> files;
    for (const auto& [name, bytes] : disk_->files) files.push_back({name, bytes.size()});
    return files;
  }
  Result<uint64_t> FreeBytes() override { return uint64_t{1} << 40; }
  Result<std::vector<uint8_t>> Read(const std::string& name) override {
    return disk_->files.at(name);
  }
  Status Lock() override { return Ok{}; }
  Status Sync() override {
    if (const int error = disk_->Ask("sync_folder")) return Error::FromErrno("sync", error);
    return Ok{};
  }

 private:
  std::shared_ptr<FakeDisk> disk_;
};

}  // namespace daybook
