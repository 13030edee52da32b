#include "quantiles.h"

#include <algorithm>
#include <bit>

#include "daybook/coding.h"

namespace daybook {
namespace {

constexpr uint32_t kBits = Quantiles::kBits;
constexpr uint64_t kClassesOfPower = 1 << kBits;
// Of the largest number.
constexpr uint64_t kLastClass = (64 - kBits) * kClassesOfPower + kClassesOfPower - 1;

}  // namespace

void Quantiles::Merge(const Quantiles& other) {
  for (const Class& added : other.classes_) AddTo(added.no, added.count);
}

std::optional<uint64_t> Quantiles::At(uint32_t percent) const {
  if (count_ == 0) return std::nullopt;
  // Rounded up, and without an overflow.
  const uint64_t rank = count_ / 100 * percent + (count_ % 100 * percent + 99) / 100;
  uint64_t seen = 0;
  for (const Class& each : classes_) {
    seen += each.count;
    if (seen >= rank) return MiddleOf(each.no);
  }
  return MiddleOf(classes_.back().no);
}

std::string Quantiles::Packed() const {
  std::string packed;
  uint8_t bytes[2 * kMaxVarintBytes];
  uint16_t before = 0;
  for (const Class& each : classes_) {
    const uint8_t* const end = PutVarint(PutVarint(bytes, uint64_t{each.no} - before), each.count);
    packed.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
    before = each.no;
  }
  return packed;
}

bool Quantiles::MergePacked(std::string_view packed) {
  Cursor cursor({reinterpret_cast<const uint8_t*>(packed.data()), packed.size()});
  Quantiles added;
  uint64_t no = 0;
  while (!cursor.empty()) {
    uint64_t step = 0;
    uint64_t count = 0;
    if (!cursor.GetVarint(&step) || !cursor.GetVarint(&count) || count == 0) return false;
    if ((step == 0 && added.count_ != 0) || step > kLastClass - no) return false;
    no += step;
    added.AddTo(static_cast<uint16_t>(no), count);
  }
  Merge(added);
  return true;
}

// 0 to 127 are classes of one number; then the highest 7 bits tell, and how many are below them.
uint16_t Quantiles::ClassOf(uint64_t number) {
  const auto width = static_cast<uint32_t>(std::bit_width(number));
  const uint32_t shift = width > kBits + 1 ? width - (kBits + 1) : 0;
  return static_cast<uint16_t>(shift * kClassesOfPower + (number >> shift));
}

uint64_t Quantiles::MiddleOf(uint16_t no) {
  if (no < 2 * kClassesOfPower) return no;
  const uint64_t shift = no / kClassesOfPower - 1;
  const uint64_t first = (no % kClassesOfPower + kClassesOfPower) << shift;
  return first + ((uint64_t{1} << shift) - 1) / 2;
}

void Quantiles::AddTo(uint16_t no, uint64_t count) {
  count_ += count;
  const auto at = std::ranges::lower_bound(classes_, no, {}, &Class::no);
  if (at != classes_.end() && at->no == no) {
    at->count += count;
  } else {
    classes_.insert(at, {.no = no, .count = count});
  }
}

}  // namespace daybook
