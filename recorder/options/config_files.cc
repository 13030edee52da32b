#include "options/config_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "system/file_descriptor.h"

namespace daybook {
namespace {

// So that a wrong name, as that of a log, is not read to its end.
constexpr size_t kMaxFileBytes = size_t{1} << 20;

bool IsMissing(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::symlink_status(path, ignored).type() ==
         std::filesystem::file_type::not_found;
}

Result<std::vector<std::string>> ListFolder(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  std::filesystem::directory_iterator file(folder, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    if (file->path().extension() == ".conf") paths.push_back(file->path());
  }
  if (error) return Error(folder + ": " + error.message());
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

Result<ConfigFile> ReadConfigFile(const std::string& path) {
  // Without a wait for whoever may write to a pipe of that name.
  const FileDescriptor opened(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (opened.get() < 0) return Error::FromErrno(path, errno);
  struct stat about = {};
  if (fstat(opened.get(), &about) != 0) return Error::FromErrno(path, errno);
  if (!S_ISREG(about.st_mode)) return Error(path + ": is no regular file");
  std::string text(kMaxFileBytes + 1, '\0');
  size_t length = 0;
  while (length < text.size()) {
    const ssize_t count = read(opened.get(), text.data() + length, text.size() - length);
    if (count < 0) return Error::FromErrno(path, errno);
    if (count == 0) break;
    length += static_cast<size_t>(count);
  }
  text.resize(length);
  if (text.size() > kMaxFileBytes) return Error(path + ": longer than 1M");
  return ConfigFile{path, std::move(text)};
}

Result<std::vector<ConfigFile>> ReadConfigFiles(const ConfigPaths& paths) {
  std::vector<std::string> names;
  if (!IsMissing(paths.file)) names.push_back(paths.file);
  if (!IsMissing(paths.folder)) {
    auto more = ListFolder(paths.folder);
    if (!more) return std::move(more).error();
    names.insert(names.end(), more->begin(), more->end());
  }
  std::vector<ConfigFile> files;
  for (const std::string& name : names) {
    auto file = ReadConfigFile(name);
    if (!file) return std::move(file).error();
    files.push_back(*std::move(file));
  }
  return files;
}

}  // namespace daybook
