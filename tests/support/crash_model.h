// What a disk may hold after the power went out: made from the journal of a FakeDisk.
//
// What was synced is there. Of what was written since, every sector is in any of the states that it
// went through, or unwritten; the file is of any length that it had, and may be longer than its
// data, with zeros or with old bytes of others in between. Entries of the folder that were made,
// changed or removed since its last sync are each there or not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "support/fake_folder.h"

namespace daybook {

using DiskFiles = std::map<std::string, std::vector<uint8_t>>;

class CrashModel {
 public:
  // `before` is durable. The journal is one of what was done since.
  CrashModel(const DiskFiles& before, std::span<const DiskOperation> journal, size_t sector_bytes)
      : sector_bytes_(sector_bytes) {
    for (const auto& [name, bytes] : before) {
      auto file = std::make_shared<File>();
      file->content = bytes;
      file->synced = bytes.size();
      durable_[name] = entries_[name] = file;
    }
    for (const DiskOperation& operation : journal) Apply(operation);
  }

  // What programs see while the power is on.
  DiskFiles Cached() const {
    DiskFiles files;
    for (const auto& [name, file] : entries_) files[name] = file->content;
    return files;
  }

  // Makes one state of those choices: each call of `choose(n)` returns a number below n.
  using Choose = std::function<size_t(size_t)>;
  DiskFiles MakeState(const Choose& choose) const {
    auto entries = durable_;
    for (const Change& change : changes_) {
      if (choose(2) == 0) continue;
      if (!change.remove.empty()) entries.erase(change.remove);
      if (!change.add.empty()) entries[change.add] = change.file;
    }
    DiskFiles state;
    std::map<const File*, std::vector<uint8_t>> made;
    for (const auto& [name, file] : entries) {
      if (!made.contains(file.get())) made[file.get()] = MakeFile(*file, choose);
      state[name] = made[file.get()];
    }
    return state;
  }

  // Every state, in order, up to `limit`; returns false where there are more.
  bool EachState(size_t limit, const std::function<void(const DiskFiles&)>& visit) const {
    std::vector<size_t> digits, bounds;
    for (size_t count = 0; count < limit; ++count) {
      size_t used = 0;
      const DiskFiles state = MakeState([&](size_t n) {
        if (used == digits.size()) {
          digits.push_back(0);
          bounds.push_back(n);
        }
        bounds[used] = n;
        return digits[used++];
      });
      digits.resize(used);
      bounds.resize(used);
      visit(state);
      while (!digits.empty() && digits.back() + 1 == bounds.back()) {
        digits.pop_back();
        bounds.pop_back();
      }
      if (digits.empty()) return true;
      ++digits.back();
    }
    return false;
  }

  DiskFiles RandomState(std::mt19937& random) const {
    return MakeState([&random](size_t n) { return random() % n; });
  }

 private:
  struct File {
    std::vector<uint8_t> content;
    std::vector<size_t> lengths;  // after each write since the last sync
    size_t synced = 0;
  };
  struct Change {
    std::string remove;
    std::string add;
    std::shared_ptr<File> file;
  };

  void Apply(const DiskOperation& operation) {
    using Kind = DiskOperation::Kind;
    switch (operation.kind) {
      case Kind::kCreate: {
        auto file = std::make_shared<File>();
        entries_[operation.name] = file;
        changes_.push_back({"", operation.name, file});
        break;
      }
      case Kind::kWrite: {
        File& file = *entries_.at(operation.name);
        file.content.insert(file.content.end(), operation.bytes.begin(), operation.bytes.end());
        file.lengths.push_back(file.content.size());
        break;
      }
      case Kind::kSync: {
        File& file = *entries_.at(operation.name);
        file.synced = file.content.size();
        file.lengths.clear();
        break;
      }
      case Kind::kRemove:
        entries_.erase(operation.name);
        changes_.push_back({operation.name, "", nullptr});
        break;
      case Kind::kRename: {
        auto file = entries_.extract(operation.name).mapped();
        entries_[operation.new_name] = file;
        changes_.push_back({operation.name, operation.new_name, file});
        break;
      }
      case Kind::kSyncFolder:
        durable_ = entries_;
        changes_.clear();
        break;
    }
  }

  // A sector's states are told by how far into it the writes had come.
  std::vector<uint8_t> MakeFile(const File& file, const Choose& choose) const {
    std::vector<size_t> lengths = {file.synced};
    lengths.insert(lengths.end(), file.lengths.begin(), file.lengths.end());
    const size_t length = lengths[choose(lengths.size())];
    std::vector<uint8_t> bytes(file.content.begin(),
                               file.content.begin() + static_cast<std::ptrdiff_t>(length));
    if (length == file.synced) return bytes;
    const uint8_t unwritten = choose(2) == 0 ? 0x00 : 0x91;
    for (size_t begin = file.synced / sector_bytes_ * sector_bytes_; begin < length;
         begin += sector_bytes_) {
      const size_t end = std::min(begin + sector_bytes_, length);
      std::vector<size_t> reached = {std::max(begin, file.synced)};
      for (const size_t one : file.lengths) {
        const size_t within = std::clamp(one, begin, end);
        if (within > reached.back()) reached.push_back(within);
      }
      const size_t kept = reached[choose(reached.size())];
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(kept),
                bytes.begin() + static_cast<std::ptrdiff_t>(end), unwritten);
    }
    return bytes;
  }

  size_t sector_bytes_;
  std::map<std::string, std::shared_ptr<File>> durable_, entries_;
  std::vector<Change> changes_;  // of entries, since the folder was synced
};

}  // namespace daybook
