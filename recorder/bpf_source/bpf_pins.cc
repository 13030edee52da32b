#include "bpf_source/bpf_pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <utility>

namespace daybook {
namespace {

constexpr std::string_view kLinks = "links-";
constexpr char kNext[] = "-next";  // what is to replace another one

std::string LinksFolder(uint64_t generation) {
  return std::string(kLinks) + std::to_string(generation);
}

// By descriptor: the folders above may be somebody else's.
std::string PathIn(int folder, std::string_view name) {
  return "/proc/self/fd/" + std::to_string(folder) + "/" + std::string(name);
}

FileDescriptor OpenFolder(int parent, const std::string& name) {
  return FileDescriptor(
      openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::vector<std::string> NamesIn(int folder, const char* name) {
  const int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const FolderEntries entries(fd < 0 ? nullptr : fdopendir(fd));
  if (!entries) {
    if (fd >= 0) close(fd);
    return {};
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(entries.get())) {
    const std::string entry_name = entry->d_name;
    if (entry_name != "." && entry_name != "..") names.push_back(entry_name);
  }
  return names;
}

std::optional<uint64_t> GenerationOf(std::string_view name) {
  if (!name.starts_with(kLinks)) return std::nullopt;
  uint64_t generation = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + kLinks.size(), end, generation);
  if (error != std::errc() || rest != end) return std::nullopt;
  return generation;
}

Status Removed(int result, const std::string& path) {
  if (result == 0 || errno == ENOENT) return Ok{};
  return Error::FromErrno("cannot remove " + path, errno);
}

// `above` is the folder's path where `path` is still to be made in it: in sysfs nobody can. Who
// mounts something hides what is there.
Status CheckFileSystem(int folder, const std::string& path, const std::string& above) {
  struct statfs about {};
  if (fstatfs(folder, &about) != 0) return Error::FromErrno("looking at " + path, errno);
  if (about.f_type == BPF_FS_MAGIC) return Ok{};
  const bool can_be_made = !above.empty() && about.f_type != SYSFS_MAGIC;
  const std::string mount_point = above.empty() || can_be_made ? path : above;
  std::error_code unknown;
  if (!can_be_made && !std::filesystem::is_empty(mount_point, unknown)) {
    return Error(path +
                 " is not on a bpf file system: give a folder below one, as most hosts have " +
                 "at /sys/fs/bpf");
  }
  return Error(path + " is not on a bpf file system: mount one there (" +
               (can_be_made ? "mkdir " + path + " && " : "") + "mount -t bpf bpf " + mount_point +
               "), or give a folder below one");
}

// False where it is there. Nothing is made outside of a bpf file system.
Result<bool> Make(const std::string& path) {
  struct stat about = {};
  if (lstat(path.c_str(), &about) == 0) return false;
  const std::string above = std::filesystem::path(path + "/.").parent_path().parent_path();
  const FileDescriptor parent(open(above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() >= 0) {
    if (Status checked = CheckFileSystem(parent.get(), path, above); !checked)
      return checked.error();
  }
  if (mkdir(path.c_str(), 0700) == 0) return true;
  return Error::FromErrno("cannot create the folder of pins " + path, errno);
}

}  // namespace

// Whoever else can write to it could have us take over what he likes, or remove it.
Status CheckOwner(int folder, const std::string& path, const std::optional<Account>& owner) {
  struct stat about = {};
  if (fstat(folder, &about) != 0) return Error::FromErrno("looking at " + path, errno);
  const uid_t wanted = owner ? owner->uid : geteuid();
  if (about.st_uid == wanted && (about.st_mode & 022) == 0) return Ok{};
  return Error(path + ": must belong to " +
               (owner ? "user " + owner->name : "the recorder's user") +
               ", and nobody else may write to it");
}

Result<BpfPins> BpfPins::Open(const std::string& path, const std::optional<Account>& owner) {
  const auto made = Make(path);
  if (!made) return made.error();
  const bool is_new = *made;
  FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder.get() < 0) return Error::FromErrno("cannot open the folder of pins " + path, errno);
  if (Status checked = CheckFileSystem(folder.get(), path, ""); !checked) return checked.error();
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Error::FromErrno("locking " + path, errno);
    return Error("another recorder is at work with the pins in " + path +
                 ": stop it, or give this one a folder of its own");
  }
  BpfPins pins(path, std::move(folder), owner);
  if (is_new) {
    if (Status given = pins.GiveToOwner("."); !given) return given.error();
  }
  if (Status ours = CheckOwner(pins.folder_.get(), path, owner); !ours) return ours.error();
  return pins;
}

Result<std::optional<FileDescriptor>> BpfPins::Find(std::string_view map) const {
  const std::string path = path_ + "/" + std::string(map);
  struct stat about = {};
  const int seen = fstatat(folder_.get(), std::string(map).c_str(), &about, AT_SYMLINK_NOFOLLOW);
  if (seen == 0 && !S_ISREG(about.st_mode)) return Error("cannot take over " + path + ": no pin");
  std::optional<FileDescriptor> found(bpf_obj_get(PathIn(folder_.get(), map).c_str()));
  if (found->get() >= 0) return found;
  if (errno == ENOENT) return std::optional<FileDescriptor>();
  return Error::FromErrno("cannot take over " + path, errno);
}

Status BpfPins::PinMap(std::string_view map, int fd) { return Pin(folder_.get(), "", map, fd); }

Status BpfPins::ReplaceMap(std::string_view map, int fd) {
  const std::string name(map);
  const std::string next = name + kNext;
  if (Status removed = Remove(next); !removed) return removed;  // of one that was killed
  Status replaced = PinMap(next, fd);
  if (replaced && renameat(folder_.get(), next.c_str(), folder_.get(), name.c_str()) != 0) {
    replaced = Error::FromErrno("cannot replace " + path_ + "/" + name, errno);
  }
  if (!replaced) (void)Remove(next);
  return replaced;
}

Status BpfPins::PinLink(uint64_t generation, std::string_view hook, int fd) {
  const std::string links = LinksFolder(generation);
  if (mkdirat(folder_.get(), links.c_str(), 0700) == 0) {
    if (Status given = GiveToOwner(links); !given) return given;
  } else if (errno != EEXIST) {
    return Error::FromErrno("cannot create " + path_ + "/" + links, errno);
  }
  const FileDescriptor folder = OpenFolder(folder_.get(), links);
  if (folder.get() < 0) return Error::FromErrno("cannot open " + path_ + "/" + links, errno);
  return Pin(folder.get(), links + "/", hook, fd);
}

Status BpfPins::Pin(int folder, const std::string& folder_name, std::string_view name, int fd) {
  const std::string shown = path_ + "/" + folder_name + std::string(name);
  if (bpf_obj_pin(fd, PathIn(folder, name).c_str()) != 0) {
    return Error::FromErrno("cannot pin " + shown, errno);
  }
  return GiveToOwner(folder, std::string(name), shown);
}

Status BpfPins::GiveToOwner(const std::string& name) {
  return GiveToOwner(folder_.get(), name, path_ + "/" + name);
}

Status BpfPins::GiveToOwner(int folder, const std::string& name, const std::string& shown) {
  if (!owner_ || owner_->uid == geteuid()) return Ok{};
  if (fchownat(folder, name.c_str(), owner_->uid, owner_->gid, AT_SYMLINK_NOFOLLOW) == 0) {
    return Ok{};
  }
  return Error::FromErrno("cannot give " + shown + " to " + owner_->name, errno);
}

std::vector<uint64_t> BpfPins::Generations() const {
  std::vector<uint64_t> generations;
  for (const std::string& name : NamesIn(folder_.get(), ".")) {
    if (const auto generation = GenerationOf(name)) generations.push_back(*generation);
  }
  return generations;
}

bool BpfPins::HasLinks(uint64_t generation) const {
  return !NamesIn(folder_.get(), LinksFolder(generation).c_str()).empty();
}

uint64_t BpfPins::NewestGeneration() const {
  uint64_t newest = 0;
  for (const uint64_t generation : Generations()) newest = std::max(newest, generation);
  return newest;
}

Status BpfPins::RemoveLinks(std::optional<uint64_t> except_generation) {
  for (const uint64_t generation : Generations()) {
    if (generation == except_generation) continue;
    const std::string links = LinksFolder(generation);
    const FileDescriptor folder = OpenFolder(folder_.get(), links);
    for (const std::string& hook : NamesIn(folder_.get(), links.c_str())) {
      Status removed =
          Removed(unlinkat(folder.get(), hook.c_str(), 0), path_ + "/" + links + "/" + hook);
      if (!removed) return removed;
    }
    Status removed =
        Removed(unlinkat(folder_.get(), links.c_str(), AT_REMOVEDIR), path_ + "/" + links);
    if (!removed) return removed;
  }
  return Ok{};
}

Status BpfPins::RemoveMap(std::string_view map) {
  const std::string name(map);
  Status removed = Remove(name + kNext);
  return removed ? Remove(name) : removed;
}

Status BpfPins::Remove(const std::string& name) {
  return Removed(unlinkat(folder_.get(), name.c_str(), 0), path_ + "/" + name);
}

}  // namespace daybook
