#include "totals/quantiles.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "daybook/coding.h"

namespace daybook {
namespace {

constexpr uint32_t kBits = Quantiles::kBits;
// Of the largest number.
constexpr uint64_t kLastClass = (uint64_t{64 - kBits + 1} << kBits) - 1;

}  // namespace

// In order, until the function returns false.
template <class Function>
void Quantiles::ForEachClass(Function&& function) const {
  auto count = words_.begin() + std::ptrdiff_t{2} * powers_;
  for (uint32_t power = 0; power < powers_; ++power) {
    const uint32_t first_class = (first_power_ + power) * kClassesOfPower;
    for (uint64_t rest = words_[power]; rest != 0; rest &= rest - 1) {
      if (!function(first_class + static_cast<uint32_t>(std::countr_zero(rest)), *count++)) return;
    }
  }
}

void Quantiles::Merge(const Quantiles& other) {
  other.ForEachClass([this](uint32_t no, uint64_t count) { return AddTo(no, count), true; });
}

uint64_t Quantiles::count() const {
  return std::accumulate(words_.begin() + std::ptrdiff_t{2} * powers_, words_.end(), uint64_t{0});
}

std::optional<uint64_t> Quantiles::At(uint32_t percent) const {
  const uint64_t all = count();
  if (all == 0) return std::nullopt;
  // Rounded up, and without an overflow.
  const uint64_t rank = all / 100 * percent + (all % 100 * percent + 99) / 100;
  uint64_t seen = 0;
  uint64_t number = 0;
  ForEachClass([&](uint32_t no, uint64_t count) {
    seen += count;
    number = MiddleOf(no);
    return seen < rank;
  });
  return number;
}

std::string Quantiles::Packed() const {
  std::string packed;
  uint8_t bytes[2 * kMaxVarintBytes];
  uint32_t before = 0;
  ForEachClass([&](uint32_t no, uint64_t count) {
    const uint8_t* const end = PutVarint(PutVarint(bytes, no - before), count);
    packed.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
    before = no;
    return true;
  });
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
    if ((step == 0 && added.powers_ != 0) || step > kLastClass - no) return false;
    no += step;
    added.AddTo(static_cast<uint32_t>(no), count);
  }
  Merge(added);
  return true;
}

// 0 to 127 are classes of one number; then the highest 7 bits tell, and how many are below them.
uint32_t Quantiles::ClassOf(uint64_t number) {
  const auto width = static_cast<uint32_t>(std::bit_width(number));
  const uint32_t shift = width > kBits + 1 ? width - (kBits + 1) : 0;
  return shift * kClassesOfPower + static_cast<uint32_t>(number >> shift);
}

uint64_t Quantiles::MiddleOf(uint32_t no) {
  if (no < 2 * kClassesOfPower) return no;
  const uint64_t shift = no / kClassesOfPower - 1;
  const uint64_t first = (uint64_t{no} % kClassesOfPower + kClassesOfPower) << shift;
  return first + ((uint64_t{1} << shift) - 1) / 2;
}

size_t Quantiles::PlaceOfCount(size_t power, uint64_t bit) {
  const auto before = static_cast<size_t>(std::popcount(Used(power) & (bit - 1)));
  return size_t{2} * powers_ + CountsBegin(power) + before;
}

void Quantiles::AddTo(uint32_t no, uint64_t count) {
  const uint32_t power = no / kClassesOfPower - first_power_;  // far too large, where below
  const uint64_t bit = uint64_t{1} << no % kClassesOfPower;
  if (power < powers_ && (Used(power) & bit) != 0) {
    words_[PlaceOfCount(power, bit)] += count;
  } else {
    AddClass(no);
    words_[PlaceOfCount(no / kClassesOfPower - first_power_, bit)] = count;
  }
}

void Quantiles::AddClass(uint32_t no) {
  const uint32_t of_no = no / kClassesOfPower;
  if (of_no - first_power_ >= powers_) MakeRoomFor(of_no);
  const uint32_t power = of_no - first_power_;
  const uint64_t bit = uint64_t{1} << no % kClassesOfPower;
  const auto place = static_cast<std::ptrdiff_t>(PlaceOfCount(power, bit));
  words_.insert(words_.begin() + place, 0);
  Used(power) |= bit;
  for (uint32_t behind = power + 1; behind < powers_; ++behind) ++CountsBegin(behind);
}

void Quantiles::MakeRoomFor(uint32_t power) {
  if (powers_ == 0) first_power_ = power;
  const uint32_t end = first_power_ + powers_;
  const uint32_t before = first_power_ - std::min(power, first_power_);
  const uint32_t behind = std::max(power + 1, end) - end;
  const uint64_t counts = words_.size() - size_t{2} * powers_;
  words_.reserve(words_.size() + size_t{2} * (before + behind) + 1);
  // From the last on, so that the places of the others stay.
  words_.insert(words_.begin() + std::ptrdiff_t{2} * powers_, behind, counts);
  words_.insert(words_.begin() + powers_, behind + before, 0);
  words_.insert(words_.begin(), before, 0);
  first_power_ -= before;
  powers_ += before + behind;
}

}  // namespace daybook
