#include "status/status_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace daybook {

StatusFile::StatusFile(FileDescriptor folder, std::string path, mode_t mode)
    : folder_(std::move(folder)),
      path_(std::move(path)),
      name_(std::filesystem::path(path_).filename()),
      new_name_(name_ + ".new"),
      mode_(mode) {}

namespace {

FileDescriptor OpenFolderOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  return FileDescriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

Result<StatusFile> StatusFile::Open(const std::string& path, mode_t mode) {
  FileDescriptor folder = OpenFolderOf(path);
  if (folder.get() < 0) return Error::FromErrno("cannot open the folder of " + path, errno);
  return StatusFile(std::move(folder), path, mode);
}

// Others may write to the folder, too: a pipe there would stop us, and a link lead to another file.
// The second attempt is for who has put one there in between.
FileDescriptor StatusFile::CreateNew() const {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  for (bool is_first = true;; is_first = false) {
    (void)unlinkat(folder_.get(), new_name_.c_str(), 0);
    FileDescriptor file(openat(folder_.get(), new_name_.c_str(), kFlags, mode_));
    if (file.get() >= 0 || errno != EEXIST || !is_first) return file;
  }
}

// It need not survive a crash of the machine, as the recorder does not either.
Status StatusFile::Replace(std::string_view content) {
  FileDescriptor file = CreateNew();
  if (file.get() < 0) return Error::FromErrno("cannot create " + path_, errno);
  const ssize_t written = write(file.get(), content.data(), content.size());
  if (written < 0) return Error::FromErrno("cannot write " + path_, errno);
  if (static_cast<size_t>(written) != content.size()) {
    return Error::FromErrno("cannot write " + path_, ENOSPC);
  }
  (void)flock(file.get(), LOCK_EX | LOCK_NB);
  if (renameat(folder_.get(), new_name_.c_str(), folder_.get(), name_.c_str()) != 0) {
    return Error::FromErrno("cannot replace " + path_, errno);
  }
  written_ = std::move(file);
  return Ok{};
}

// It may have been removed, and made anew. Until it is, the old one says at each write that it is
// missing.
void StatusFile::FindFolderAgain() {
  FileDescriptor folder = OpenFolderOf(path_);
  if (folder.get() >= 0) folder_ = std::move(folder);
}

// Or of one who only reads it, and holds it: nothing but a complaint follows from it.
bool StatusFile::IsAnothers() const {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const FileDescriptor file(openat(folder_.get(), name_.c_str(), kFlags));
  return file.get() >= 0 && flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Status StatusFile::Write(std::string_view content) {
  Status replaced = Replace(content);
  if (replaced) return replaced;
  if (replaced.error().error_number() == ENOENT) FindFolderAgain();
  // Its room may be enough.
  written_ = FileDescriptor();
  (void)unlinkat(folder_.get(), name_.c_str(), 0);
  if (Status again = Replace(content); again) return again;
  (void)unlinkat(folder_.get(), new_name_.c_str(), 0);
  return replaced;
}

}  // namespace daybook
