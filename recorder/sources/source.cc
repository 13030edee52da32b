#include "sources/source.h"

#include "proc/host.h"
#include "system/clocks.h"

namespace daybook {

LostCounts& LostCounts::operator+=(const LostCounts& more) {
  forks += more.forks;
  execs += more.execs;
  exits += more.exits;
  others += more.others;
  return *this;
}

LostCounts& LostCounts::operator-=(const LostCounts& less) {
  forks -= less.forks;
  execs -= less.execs;
  exits -= less.exits;
  others -= less.others;
  return *this;
}

void EventSink::OnLife(const WholeLife& life) {
  const LifeParts parts = PartsOf(life);
  OnFork(parts.fork);
  if (parts.exec) OnExec(*parts.exec);
  OnExit(parts.exit);
}

LogIdentity EventSource::identity() const { return ThisHost(); }

Clock EventSource::ReadClock() const { return ReadClocks(); }

}  // namespace daybook
