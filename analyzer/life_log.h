// The lives in a log, one after another.
#pragma once

#include <functional>

#include "coverage.h"
#include "lives.h"
#include "log_set.h"
#include "report.h"

namespace daybook {

// Called with each life that was alive within the log's window and that the filter lets through;
// false stops the reading. The Boot
// lives as long as the log set.
using LifeFunction = std::function<bool(const Boot& boot, const Life& life)>;

// Called with each life in the log, also those that are left out.
using EveryLifeFunction = std::function<void(const Boot& boot, const Life& life)>;

// Reads the log to its end, in memory for the living processes. Returns what was covered.
//
// Where the log hands out salvaged records, each life of which one tells comes once more, marked
// by its proof; the others are the same as without them.
Coverage ReadLives(const Question& question, const LifeFunction& function,
                   const EveryLifeFunction& every_life = nullptr);

}  // namespace daybook
