#include "self_records.h"

#include "daybook/abilities.h"

namespace daybook {

Recorder SelfRecords::Describe(RecorderEvent event, const Audit& counts) {
  abilities_ = source_.abilities();
  Recorder record{.time_ns = counts.time_ns,
                  .event = event,
                  .source = source_.name(),
                  .version = options_.version,
                  .kernel_forks = counts.kernel_forks,
                  .forks_seen = counts.forks_seen,
                  .execs_seen = counts.execs_seen,
                  .exits_seen = counts.exits_seen,
                  .ring_bytes = source_.ring_bytes(),
                  .drain_interval_us = options_.drain_interval_ns / 1000,
                  .args_limit_bytes = options_.args_limit_bytes,
                  .abilities = abilities_};
  if (!options_.filter.empty()) record.filter = options_.filter;
  return record;
}

void SelfRecords::CountOn() {
  if (!source_.continues()) abilities_.append(" ").append(kContinues);
}

Recorder SelfRecords::GoesOn(const Audit& counts) {
  Recorder record = Describe(RecorderEvent::kStart, counts);
  CountOn();
  record.abilities = abilities_;
  return record;
}

Recorder SelfRecords::GoesOnSince(uint64_t time_ns) {
  abilities_ = source_.abilities();
  CountOn();
  Recorder record{.time_ns = time_ns,
                  .event = RecorderEvent::kStart,
                  .source = source_.name(),
                  .version = options_.version,
                  .abilities = abilities_};
  const LogIdentity identity = options_.identity ? options_.identity() : LogIdentity();
  for (const auto& [key, value] : identity.info) {
    if (key == kFilterInfo) record.filter = filter_ = value;
  }
  return record;
}

}  // namespace daybook
