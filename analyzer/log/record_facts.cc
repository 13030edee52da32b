#include "log/record_facts.h"

#include <array>

#include "daybook/records.h"
#include "lives/record_types.h"

namespace daybook {
namespace {

template <class... Records>
constexpr std::array<bool, 256> TypesThatBeginWithTime(TypeList<Records...>) {
  std::array<bool, 256> types{};
  ((types[Schema<Records>::kType] = FieldAt<0>(Schema<Records>::kFields).wire == Wire::kTime), ...);
  return types;
}
constexpr auto kBeginsWithTime = TypesThatBeginWithTime(AllRecords{});

constexpr auto kIsKnown = TypesIn(AllRecords{});

// Those from there on are other programs' (daybook-log(5), RECORDS).
constexpr uint8_t kFirstForeign = 0x80;

constexpr auto kIsOfSnapshot = TypesOf<SnapBegin, SnapProc, SnapEnd>();
constexpr auto kIsOfLife = TypesOf<Fork, Exec, Exit, WholeLife, Lives, Reap, SnapProc>();

}  // namespace

std::optional<uint64_t> TimeOf(const RecordView& record) {
  uint64_t number = 0;
  if (!kBeginsWithTime[record.type] || !Cursor(record.payload).GetVarint(&number)) {
    return std::nullopt;
  }
  return (record.base.time_ticks + static_cast<uint64_t>(UnZigZag(number))) * record.base.tick_ns;
}

bool IsOfLife(const RecordView& record) { return kIsOfLife[record.type]; }

bool IsUnknown(const RecordView& record) {
  return IsNumbered(record.type) && record.type < kFirstForeign && !kIsKnown[record.type];
}

bool IsOfSnapshot(const RecordView& record) { return kIsOfSnapshot[record.type]; }

}  // namespace daybook
