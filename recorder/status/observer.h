// Who is told how a recorder is.
#pragma once

#include "daybook/status.h"

namespace daybook {

// Called by the recorder's loop, between its turns: events wait meanwhile.
class RecorderObserver {
 public:
  virtual ~RecorderObserver() = default;
  // Everything from now on is recorded, and what was until now is durable where the disk takes it.
  virtual void OnReady(const RecorderStatus& status) = 0;
  // Once in each clock interval, when trouble begins and ends, when somebody asked, and at last
  // with `recording` false.
  virtual void OnStatus(const RecorderStatus& status) = 0;
  // A turn is over in which nothing hung. Comes at each clock anchor, and at each watchdog
  // interval.
  virtual void OnAlive() = 0;
  // The segment is about to be ended on request; OnReady follows once it is durable, unless the
  // disk keeps nothing or it is to stop before.
  virtual void OnReload() = 0;
  // It is about to stop.
  virtual void OnStop() = 0;
};

}  // namespace daybook
