#include "source.h"

#include "clocks.h"
#include "host.h"

namespace daybook {

LogIdentity EventSource::identity() const { return ThisHost(); }

Clock EventSource::ReadClock() const { return ReadClocks(); }

}  // namespace daybook
