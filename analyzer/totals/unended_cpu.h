// CPU time of processes that had not ended, which no sum of those that ended has.
#pragma once

#include <vector>

#include "columns/life_fields.h"
#include "lives/lives.h"
#include "log/log_set.h"
#include "report.h"
#include "table/named_fact.h"
#include "table/table.h"
#include "totals/totals.h"

namespace daybook {

class UnendedCpu {
 public:
  // `question` must outlive this.
  explicit UnendedCpu(const Question& question)
      : question_(question), texts_(question.zone, question.log.window()) {}

  // Each life in the log.
  void Take(const Boot& boot, const Life& life);

  // Where it is considerable beside `told_us`, which is shown of those that ended.
  void AddNote(const Sum& told_us, Table& table, std::vector<NamedFact>* facts) const;

 private:
  bool IsUntold(const Boot& boot, const Life& life) const;

  const Question& question_;
  LifeTexts texts_;
  Sum cpu_us_;
};

}  // namespace daybook
