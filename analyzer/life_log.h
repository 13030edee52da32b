// The lives in a log, one after another.
#pragma once

#include <functional>

#include "columns/life_fields.h"
#include "lives/lives.h"
#include "log/coverage.h"
#include "log/log_set.h"
#include "report.h"

namespace daybook {

// What a report did with a life.
enum class LifeUse : uint8_t {
  kUsed,
  kFiltered,  // it is not about lives like this one
  kLastUsed,  // used, and no more are wanted
};

// Called with each life that is in the log's window and that the filter lets through. The Boot
// lives as long as the log set.
using LifeFunction = std::function<LifeUse(const Boot& boot, const Life& life)>;

// Of a life that made a row of the table.
inline LifeUse UseFor(const Table& table) {
  return table.full() ? LifeUse::kLastUsed : LifeUse::kUsed;
}

// Called with each life in the log, also those that are left out.
using EveryLifeFunction = std::function<void(const Boot& boot, const Life& life)>;

// Called with a life that the filter lets through as it is known then, which a snapshot shows that
// is not behind the log's window: `before` says what was known until then of the CPU time that it
// has taken, life.shown_cpu what is now. Not at once: paths of cgroups stand behind a snapshot.
using ShownFunction =
    std::function<void(const Boot& boot, const Life& life, const ShownCpu& before)>;

// Reads the log to its end, or until no more is wanted, in memory for the living processes. Returns
// what was covered.
//
// `rests`: what the report and its filter look at; what else there is of a life may be left out.
//
// Where the log hands out salvaged records, each life of which one tells comes once more, marked
// by its proof; the others are the same as without them.
Coverage ReadLives(const Question& question, const LifeFunction& function,
                   const EveryLifeFunction& every_life = nullptr, Rests rests = Rests::kOnBirth,
                   const ShownFunction& shown = nullptr);

// Waits in the place of a reader of lives that has come to the end of a log that is being written.
class LifeWatch {
 public:
  enum class Waking : uint8_t {
    kChange,  // there may be more
    kQuiet,   // nothing came for so long that no reap is to be expected
    kEnd,     // of the reading
  };
  virtual ~LifeWatch() = default;
  // `for_reaps`: where some have ended of which the reap may follow. Else it is never quiet.
  virtual Waking Wait(bool for_reaps) = 0;
};

// The same of a log that is being written, until the watch or the function ends it. An end does not
// wait long for its reap, so that what it used may be known less exactly.
Coverage FollowLives(const Question& question, LifeWatch* watch, const LifeFunction& function);

}  // namespace daybook
