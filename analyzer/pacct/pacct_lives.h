// Between process accounting records and what a log tells of a process. Pure logic.
#pragma once

#include <cstdint>

#include "daybook/records.h"
#include "lives/lives.h"
#include "log/log_set.h"
#include "pacct/pacct.h"

namespace daybook {

// The records of a log that tell what `record` tells; what it does not know is unknown in them. The
// comm points to where that of `record` does.
//
// Boot time is the wall clock in an imported log: its boot began in 1970. Of the start only the
// second is known; the digits below it come from `number`, the record's number in its log, so that
// no two processes have one identity. Records before version 3 have no pid: it is 0.
struct ImportedProcess {
  Acct acct;
  Exit exit;
};
ImportedProcess ImportPacct(const PacctRecord& record, uint64_t number);

// The reverse, of a life that has ended. Its comm points into `life`.
PacctRecord ExportPacct(const Boot& boot, const Life& life);

// kPacct...; of an imported life as they were, else by what the log tells.
uint8_t PacctFlags(const Life& life);

// Of an imported life its address space at the end, else its peak resident size: logs do not tell
// the former.
uint64_t PacctMemoryKib(const Life& life);

}  // namespace daybook
