#include "config_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

namespace daybook {
namespace {

// So that a wrong name, as that of a log, is not read to its end.
constexpr size_t kMaxBytes = size_t{1} << 20;

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
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (!file) return Error::FromErrno(path, errno);
  std::string text(kMaxBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return Error::FromErrno(path, errno);
  if (text.size() > kMaxBytes) return Error(path + ": longer than 1M");
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
