#include "daybook/life_pack.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "layout.h"

namespace daybook {
namespace {

using internal::kFieldCount;
using internal::kMemberOf;
using internal::kWireOf;

// Of every life these are told, as differences to the life before it.
constexpr size_t kTime = 0;
constexpr size_t kPid = 1;
constexpr size_t kAlwaysTold = 2;
static_assert(kMemberOf<WholeLife, kTime> == &WholeLife::time_ns);
static_assert(kMemberOf<WholeLife, kPid> == &WholeLife::pid);

// The others have a bit each, above those that say which life it is told by.
constexpr size_t kBits = kFieldCount<WholeLife> - kAlwaysTold;
constexpr uint32_t kBackBits = 2;
constexpr uint64_t kBackMask = (uint64_t{1} << kBackBits) - 1;
static_assert(kBackMask + 1 == kLivesLookedAt);
static_assert(kBits + kBackBits <= 64);

// And in front of all of it its length.
constexpr size_t kLengthBytes = 1;
static_assert(LifePacker::kMaxBytes <= UINT8_MAX);

// Behind these stands what most lives that only fork do not have.
constexpr size_t kUsualBits = 22;
static_assert(kMemberOf<WholeLife, kAlwaysTold + kUsualBits> == &WholeLife::exec_after_us);
using Usual = std::make_index_sequence<kUsualBits>;
using Rare = std::make_index_sequence<kBits - kUsualBits>;

template <size_t kBit>
constexpr size_t kFieldOf = kAlwaysTold + kBit;

// What the first one is told by.
constexpr WholeLife kNobody;

BlockBase BaseBehind(const WholeLife& life, uint32_t tick_ns) {
  return {
      .time_ticks = internal::ToTicks(life.time_ns, tick_ns), .pid = life.pid, .tick_ns = tick_ns};
}

// Which of them are not the same.
template <size_t... kBit>
uint64_t Differences(const WholeLife& a, const WholeLife& b, std::index_sequence<kBit...>) {
  return (
      (uint64_t{a.*kMemberOf<WholeLife, kFieldOf<kBit>> != b.*kMemberOf<WholeLife, kFieldOf<kBit>>}
       << kBit) |
      ...);
}

std::string_view Moved(std::string_view text, const uint8_t* end) {
  return {reinterpret_cast<const char*>(end) - text.size(), text.size()};
}

// Keeps the value as it stands now at the end of the bytes.
template <size_t kBit>
DAYBOOK_ALWAYS_INLINE uint8_t* PutBit(const WholeLife& life, const BlockBase& base, uint8_t* out,
                                      WholeLife* kept) {
  constexpr auto kMember = kMemberOf<WholeLife, kFieldOf<kBit>>;
  const auto& value = life.*kMember;
  out = internal::PutField<kWireOf<WholeLife, kFieldOf<kBit>>>(value, base, out);
  using Value = std::remove_cvref_t<decltype(value)>;
  if constexpr (std::is_same_v<Value, std::string_view>) {
    kept->*kMember = Moved(value, out);
  } else if constexpr (std::is_same_v<Value, std::optional<std::string_view>>) {
    kept->*kMember = value ? std::optional(Moved(*value, out)) : std::nullopt;
  } else {
    kept->*kMember = value;
  }
  return out;
}

template <size_t kFirst, size_t... kBit>
DAYBOOK_ALWAYS_INLINE uint8_t* PutBits(uint64_t bits, const WholeLife& life, const BlockBase& base,
                                       uint8_t* out, WholeLife* kept,
                                       std::index_sequence<kBit...>) {
  ((out = (bits >> (kFirst + kBit) & 1) != 0 ? PutBit<kFirst + kBit>(life, base, out, kept) : out),
   ...);
  return out;
}

template <size_t kFirst, size_t... kBit>
DAYBOOK_ALWAYS_INLINE bool GetBits(uint64_t bits, Cursor& cursor, const BlockBase& base,
                                   WholeLife* life, std::index_sequence<kBit...>) {
  return (((bits >> (kFirst + kBit) & 1) == 0 ||
           internal::GetField<kWireOf<WholeLife, kFieldOf<kFirst + kBit>>>(
               cursor, base, &(life->*kMemberOf<WholeLife, kFieldOf<kFirst + kBit>>))) &&
          ...);
}

size_t StringBytes(const WholeLife& life) {
  return life.comm.size() + life.exe.size() + (life.args ? life.args->size() : 0);
}

}  // namespace

// Its program tells more of it than its parent does; where both are others, the one before it is as
// good as any.
size_t LifePacker::FindAlike(const WholeLife& life) const {
  const size_t there = std::min<size_t>(count_, kLivesLookedAt);
  size_t found = 0;
  int most = -1;
  for (size_t back = 0; back < there; ++back) {
    const WholeLife& other = told_[(count_ - 1 - back) % kLivesLookedAt];
    const int alike = 2 * (other.exe_inode == life.exe_inode) +
                      (other.ppid == life.ppid && other.parent_start_ns == life.parent_start_ns);
    if (alike > most) {
      most = alike;
      found = back;
    }
  }
  return found;
}

bool LifePacker::Add(const WholeLife& life) {
  const bool is_out_of_order = count_ != 0 && life.time_ns < first_time_ns_;
  is_full_ = is_full_ || is_out_of_order || StringBytes(life) > kMaxBytes;
  if (is_full_) return false;
  const size_t back = FindAlike(life);
  const WholeLife& alike = count_ == 0 ? kNobody : told_[(count_ - 1 - back) % kLivesLookedAt];
  const uint64_t bits = Differences(life, alike, std::make_index_sequence<kBits>());
  const BlockBase base = BaseBehind(count_ == 0 ? life : last(), kTickNs);

  // Where it does not fit, nothing is added any more.
  WholeLife& kept = told_[count_ % kLivesLookedAt];
  if (&kept != &alike) kept = alike;
  kept.time_ns = life.time_ns;
  kept.pid = life.pid;
  uint8_t* const begin = bytes_.data() + size_;
  uint8_t* out = PutVarint(begin + kLengthBytes, bits << kBackBits | back);
  out = internal::PutField<kWireOf<WholeLife, kTime>>(life.time_ns, base, out);
  out = internal::PutField<kWireOf<WholeLife, kPid>>(life.pid, base, out);
  out = PutBits<0>(bits, life, base, out, &kept, Usual());
  if (bits >> kUsualBits != 0) out = PutBits<kUsualBits>(bits, life, base, out, &kept, Rare());
  const auto end = static_cast<size_t>(out - bytes_.data());
  is_full_ = end > kMaxBytes;
  if (is_full_) return false;

  *begin = static_cast<uint8_t>(end - size_ - kLengthBytes);
  size_ = end;
  if (count_++ == 0) {
    first_time_ns_ = last_time_ns_ = life.time_ns;
    first_pid_ = life.pid;
  }
  last_time_ns_ = std::max(last_time_ns_, life.time_ns);
  execs_ += life.exec_after_us ? 1 : 0;
  return true;
}

Lives LifePacker::lives() const {
  return {.time_ns = first_time_ns_,
          .last_time_ns = last_time_ns_,
          .pid = first_pid_,
          .count = count_,
          .execs = execs_,
          .lives = {reinterpret_cast<const char*>(bytes_.data()), size_}};
}

void LifePacker::Clear() {
  count_ = execs_ = 0;
  is_full_ = false;
  size_ = 0;
}

void LifeUnpacker::Begin(const Lives& lives, uint32_t tick_ns) {
  rest_ = {reinterpret_cast<const uint8_t*>(lives.lives.data()), lives.lives.size()};
  count_ = lives.count;
  told_count_ = 0;
  is_ok_ = true;
  base_ = {.time_ticks = internal::ToTicks(lives.time_ns, tick_ns),
           .pid = lives.pid,
           .tick_ns = tick_ns};
}

bool LifeUnpacker::Next(WholeLife* life) {
  if (told_count_ == count_) {
    is_ok_ = is_ok_ && rest_.empty();
    return false;
  }
  if (rest_.empty() || rest_.size() - kLengthBytes < rest_[0]) return Fail();
  Cursor cursor(rest_.subspan(kLengthBytes, rest_[0]));
  rest_ = rest_.subspan(kLengthBytes + rest_[0]);

  uint64_t bits = 0;
  if (!cursor.GetVarint(&bits)) return Fail();
  const size_t back = bits & kBackMask;
  bits >>= kBackBits;
  if (back >= std::max(told_count_, 1u)) return Fail();
  const WholeLife* const alike =
      told_count_ == 0 ? &kNobody : told_[(told_count_ - 1 - back) % kLivesLookedAt];
  if (life != alike) *life = *alike;
  const bool is_read =
      internal::GetField<kWireOf<WholeLife, kTime>>(cursor, base_, &life->time_ns) &&
      internal::GetField<kWireOf<WholeLife, kPid>>(cursor, base_, &life->pid) &&
      GetBits<0>(bits, cursor, base_, life, Usual()) &&
      (bits >> kUsualBits == 0 || GetBits<kUsualBits>(bits, cursor, base_, life, Rare()));
  // What a newer writer knows besides stands behind that.
  const bool is_whole = cursor.empty() || bits >> kBits != 0;
  if (!is_read || !is_whole) return Fail();
  base_ = BaseBehind(*life, base_.tick_ns);
  told_[told_count_ % kLivesLookedAt] = life;
  ++told_count_;
  return true;
}

bool LifeUnpacker::Fail() {
  count_ = told_count_;
  rest_ = {};
  is_ok_ = false;
  return false;
}

}  // namespace daybook
