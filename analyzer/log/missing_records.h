// Numbers that no record of a log has, where no gap tells of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daybook/records.h"
#include "log/verdict.h"
#include "time/clock_map.h"
#include "time/window.h"

namespace daybook {

// Of records between these two moments, before those of the file that shows it.
struct MissingRecords {
  std::optional<Id128> stream_id;  // as that of a boot, where the file tells
  std::optional<Id128> own_id;     // the same, of the log itself where it is joined with others
  std::string path;                // of the file that shows it
  uint64_t records = 0;
  std::optional<uint64_t> first_seq;  // where no gap tells of some of them
  std::optional<int64_t> first_ns;
  std::optional<int64_t> last_ns;
  std::optional<BootInterval> in_boot;  // the same, where both are of one boot
  // Behind which segment of the log they stood, where another one shows it; and the numbers of
  // those that no file has, where they stood in these.
  std::optional<uint64_t> behind_segment_no;
  std::optional<SegmentNumbers> segments;
  // That wrote them: segments are missing, or the boot goes on behind them. Else they may be the
  // last ones before a host went off.
  bool has_recorder = false;

  // In which they were written, as far as the file tells. Where the clock was set back in
  // between, by the one before and the one behind.
  Window Time() const;

  // True where a part of that is in the window.
  bool IsIn(const Window& window) const;
};

}  // namespace daybook
