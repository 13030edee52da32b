// Where the kernel keeps a recorder's maps and links when the recorder is gone, so that the next
// one goes on where it stopped: a folder on a bpf file system.
//
//   DIR/events, state, ...     maps
//   DIR/links-N/on_fork, ...   the hooks of generation N
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daybook/result.h"
#include "system/file_descriptor.h"
#include "system/privileges.h"

namespace daybook {

class BpfPins {
 public:
  // Makes the folder where it is missing; one that exists must belong to `owner` alone, but may
  // hold what is not ours. Whatever is pinned belongs to `owner`, so that a recorder which runs as
  // that user from its start can take it over. An Error also where another recorder is at work
  // there.
  static Result<BpfPins> Open(const std::string& path, const std::optional<Account>& owner);

  // nullopt where nothing of that name is there.
  Result<std::optional<FileDescriptor>> Find(std::string_view map) const;
  Status PinMap(std::string_view map, int fd);
  // At no moment there is none.
  Status ReplaceMap(std::string_view map, int fd);
  Status PinLink(uint64_t generation, std::string_view hook, int fd);

  bool HasLinks(uint64_t generation) const;
  // Of all links that are there; 0 is none.
  uint64_t NewestGeneration() const;

  // By descriptor: also after privileges were dropped. What is gone already is no error.
  Status RemoveLinks(std::optional<uint64_t> except_generation = std::nullopt);
  Status RemoveMap(std::string_view map);

  const std::string& path() const { return path_; }

 private:
  BpfPins(std::string path, FileDescriptor folder, std::optional<Account> owner)
      : path_(std::move(path)), folder_(std::move(folder)), owner_(std::move(owner)) {}

  Status Pin(int folder, const std::string& folder_name, std::string_view name, int fd);
  Status Remove(const std::string& name);
  Status GiveToOwner(const std::string& name);
  Status GiveToOwner(int folder, const std::string& name, const std::string& shown);
  std::vector<uint64_t> Generations() const;

  std::string path_;
  FileDescriptor folder_;  // locked
  std::optional<Account> owner_;
};

}  // namespace daybook
