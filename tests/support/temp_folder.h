// A folder that goes with the test.
#pragma once

#include <string>
#include <string_view>

namespace daybook {

class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Writes a file, and the folders that it is in.
  void Put(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

}  // namespace daybook
