// Writes a log of what process accounting files say.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daybook/result.h"
#include "daybook/writer.h"
#include "pacct/pacct.h"

namespace daybook {

class PacctLog {
 public:
  // Nothing is written to `folder` before the first record. The files do not tell of which host
  // they are; empty: nor does the log.
  PacctLog(std::unique_ptr<LogFolder> folder, std::string host);
  PacctLog(const PacctLog&) = delete;
  PacctLog& operator=(const PacctLog&) = delete;

  Status Add(const PacctRecord& record);
  // Makes it durable; without a record there is no log.
  Status Close();

 private:
  Status Begin();
  Status WriteOut();

  std::unique_ptr<LogFolder> folder_;  // until the log is begun
  std::string host_;
  std::optional<LogWriter> writer_;
  uint64_t now_ns_ = 0;  // the end of the newest process
  uint64_t records_ = 0;
};

}  // namespace daybook
