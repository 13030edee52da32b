// Says when trouble begins and when all of it is over; the recorder goes on whatever happens.
#pragma once

#include <cstdint>

#include "daybook/result.h"
#include "daybook/writer.h"
#include "status/status_meter.h"

namespace daybook {

class Trouble {
 public:
  // Each begins and ends by itself.
  enum Place : uint8_t { kDisk, kSource };

  Trouble(const LogWriter& writer, StatusMeter& meter) : writer_(writer), meter_(meter) {}

  void Report(const Status& status, Place place);
  bool is_any() const { return failing_[kDisk] || failing_[kSource]; }

 private:
  const LogWriter& writer_;
  StatusMeter& meter_;
  bool failing_[2] = {};  // by Place
};

}  // namespace daybook
