// A small file that is always whole: each content takes the place of the last one at once.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "daybook/result.h"
#include "system/file_descriptor.h"

namespace daybook {

class StatusFile {
 public:
  // The file's folder must exist; its descriptor is kept, so that after a change of user no path is
  // looked up again. The file itself is only made by Write().
  static Result<StatusFile> Open(const std::string& path, mode_t mode);

  // Where there is no room for the new content, the old one is removed: none is better than one
  // that is no longer true.
  Status Write(std::string_view content);

  // To be asked before the first Write(). Whether another process that lives writes this file: each
  // holds a lock on what it wrote last.
  bool IsAnothers() const;

 private:
  StatusFile(FileDescriptor folder, std::string path, mode_t mode);

  FileDescriptor CreateNew() const;
  Status Replace(std::string_view content);
  void FindFolderAgain();

  FileDescriptor folder_;
  FileDescriptor written_;  // locked; nothing before the first Write()
  std::string path_;
  std::string name_;
  std::string new_name_;
  mode_t mode_;
};

}  // namespace daybook
