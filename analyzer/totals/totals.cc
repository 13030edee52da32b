#include "totals/totals.h"

#include <algorithm>
#include <cmath>

#include "columns/abnormal_end.h"
#include "columns/life_cells.h"

namespace daybook {
namespace {

template <uint64_t Totals::*Member>
Cell Count(const Totals& totals, const Totals&) {
  return totals.*Member;
}

template <Sum Totals::*Member>
Cell SumOf(const Totals& totals, const Totals&) {
  return OptionalCell((totals.*Member).total);
}

template <Sum Totals::*Member>
Cell MeanOf(const Totals& totals, const Totals&) {
  return OptionalCell((totals.*Member).Mean());
}

// The only one is known better than by its class.
Cell QuantileOf(const Quantiles& quantiles, uint32_t percent, const Sum& sum) {
  const auto number = quantiles.At(percent);
  const bool is_only_one = sum.terms == 1;
  return number && is_only_one ? Cell(*sum.total - sum.of_many) : OptionalCell(number);
}

template <uint32_t Percent>
Cell CpuQuantile(const Totals& totals, const Totals&) {
  return QuantileOf(totals.cpu_quantiles, Percent, totals.cpu_us);
}

template <uint32_t Percent>
Cell ElapsedQuantile(const Totals& totals, const Totals&) {
  return QuantileOf(totals.elapsed_quantiles, Percent, totals.elapsed_us);
}

// And so is the largest.
template <uint32_t Percent>
Cell RssQuantile(const Totals& totals, const Totals&) {
  const auto number = totals.maxrss_quantiles.At(Percent);
  if (!number || !totals.maxrss_kib) return OptionalCell(number);
  const bool is_only_one = totals.maxrss_quantiles.count() == 1;
  return is_only_one ? *totals.maxrss_kib : std::min(*number, *totals.maxrss_kib);
}

Cell CountShare(const Totals& totals, const Totals& all) {
  return ShareCell(totals.count, all.count);
}

Cell CpuShare(const Totals& totals, const Totals& all) {
  return ShareCell(totals.cpu_us.total, all.cpu_us.total);
}

template <std::optional<int64_t> Totals::*Member>
Cell EndOf(const Totals& totals, const Totals&) {
  return OptionalCell(totals.*Member);
}

Cell RunningThen(const Totals& totals, const Totals&) { return totals.RunningThen(); }

Cell MaxRss(const Totals& totals, const Totals&) { return OptionalCell(totals.maxrss_kib); }

}  // namespace

// Places in text begin behind those of the keys; 107 is that of cpu_within_us in merge.
constexpr TotalsField kTotalsFields[kTotalsFieldCount] = {
    {{"count", Kind::kNumber, 102}, Count<&Totals::count>},
    {{"count_share", Kind::kPercent}, CountShare},
    {{"running", Kind::kNumber, 103}, RunningThen},
    {{"lost", Kind::kNumber}, Count<&Totals::lost>},
    {{"failed", Kind::kNumber, 104}, Count<&Totals::failed>},
    {{"cpu_us", Kind::kMicroseconds, 105}, SumOf<&Totals::cpu_us>},
    {{"cpu_share", Kind::kPercent, 106}, CpuShare},
    {{"cpu_within_us", Kind::kMicroseconds, 0, Shown::kOnRequest},
     SumOf<&Totals::cpu_within_us>,
     Needs::kWithin},
    {{"mean_cpu_us", Kind::kMicroseconds, 108}, MeanOf<&Totals::cpu_us>},
    {{"p50_cpu_us", Kind::kMicroseconds}, CpuQuantile<50>, Needs::kQuantiles},
    {{"p95_cpu_us", Kind::kMicroseconds}, CpuQuantile<95>, Needs::kQuantiles},
    {{"p99_cpu_us", Kind::kMicroseconds}, CpuQuantile<99>, Needs::kQuantiles},
    {{"utime_us", Kind::kMicroseconds, 109}, SumOf<&Totals::utime_us>},
    {{"stime_us", Kind::kMicroseconds, 110}, SumOf<&Totals::stime_us>},
    {{"elapsed_us", Kind::kMicroseconds, 111}, SumOf<&Totals::elapsed_us>},
    {{"mean_elapsed_us", Kind::kMicroseconds}, MeanOf<&Totals::elapsed_us>},
    {{"p50_elapsed_us", Kind::kMicroseconds}, ElapsedQuantile<50>, Needs::kQuantiles},
    {{"p95_elapsed_us", Kind::kMicroseconds}, ElapsedQuantile<95>, Needs::kQuantiles},
    {{"p99_elapsed_us", Kind::kMicroseconds}, ElapsedQuantile<99>, Needs::kQuantiles},
    {{"maxrss_kib", Kind::kKibibytes, 112}, MaxRss},
    {{"p50_maxrss_kib", Kind::kKibibytes}, RssQuantile<50>, Needs::kQuantiles},
    {{"p95_maxrss_kib", Kind::kKibibytes}, RssQuantile<95>, Needs::kQuantiles},
    {{"p99_maxrss_kib", Kind::kKibibytes}, RssQuantile<99>, Needs::kQuantiles},
    {{"minflt", Kind::kNumber, 113}, SumOf<&Totals::minflt>},
    {{"majflt", Kind::kNumber, 114}, SumOf<&Totals::majflt>},
    {{"nvcsw", Kind::kNumber}, SumOf<&Totals::nvcsw>},
    {{"nivcsw", Kind::kNumber}, SumOf<&Totals::nivcsw>},
    {{"read_bytes", Kind::kBytes}, SumOf<&Totals::read_bytes>},
    {{"write_bytes", Kind::kBytes}, SumOf<&Totals::write_bytes>},
    {{"first_end_time", Kind::kTime}, EndOf<&Totals::first_end_ns>, Needs::kEnds},
    {{"last_end_time", Kind::kTime}, EndOf<&Totals::last_end_ns>, Needs::kEnds},
};
static_assert(!kTotalsFields[kTotalsFieldCount - 1].column.name.empty());

void Sum::Add(const std::optional<uint64_t>& term) {
  if (!term) return;
  if (total) {
    *total += *term;
  } else {
    total = term;
  }
  ++terms;
}

void Sum::AddOfMany(const std::optional<uint64_t>& sum) {
  if (!sum) return;
  total = total.value_or(0) + *sum;
  of_many += *sum;
}

void Sum::Merge(const Sum& other) {
  uncounted += other.uncounted;
  if (!other.total) return;
  total = total.value_or(0) + *other.total;
  terms += other.terms;
  of_many += other.of_many;
}

std::optional<uint64_t> Sum::Mean() const {
  if (terms == 0) return std::nullopt;
  return (*total - of_many) / (terms + uncounted);
}

void Totals::Count(const Life& life, uint64_t number) {
  count += number;
  running += life.state == LifeState::kRunning;
  lost += life.state == LifeState::kLost;
  if (life.wait_status.value_or(0) == 0) return;
  ++failed;
  stopped += EndedByUsualSignal(life);
}

void Totals::Add(const Life& life) {
  Count(life, 1);
  cpu_us.Add(life.usage.cpu_us);
  utime_us.Add(life.usage.utime_us);
  stime_us.Add(life.usage.stime_us);
  elapsed_us.Add(ElapsedUs(life));
  maxrss_kib = std::max(maxrss_kib, life.usage.maxrss_kib);
  minflt.Add(life.usage.minflt);
  majflt.Add(life.usage.majflt);
  nvcsw.Add(life.usage.nvcsw);
  nivcsw.Add(life.usage.nivcsw);
  read_bytes.Add(life.usage.read_bytes);
  write_bytes.Add(life.usage.write_bytes);
}

void Totals::AddWithQuantiles(const Life& life) {
  Add(life);
  if (life.usage.cpu_us) cpu_quantiles.Add(*life.usage.cpu_us);
  if (const auto elapsed_us_of_life = ElapsedUs(life)) elapsed_quantiles.Add(*elapsed_us_of_life);
  if (life.usage.maxrss_kib) maxrss_quantiles.Add(*life.usage.maxrss_kib);
}

void Totals::AddMany(const Life& programs, uint64_t number) {
  Count(programs, number);
  cpu_us.AddOfMany(programs.usage.cpu_us);
  elapsed_us.AddOfMany(ElapsedUs(programs));
}

void Totals::AddEndedLater(const Life& life) {
  ++ended_later;
  lost -= life.state == LifeState::kLost;
}

void Totals::AddEnd(const std::optional<int64_t>& end_ns) {
  if (!end_ns) return;
  first_end_ns = std::min(first_end_ns.value_or(*end_ns), *end_ns);
  last_end_ns = std::max(last_end_ns.value_or(*end_ns), *end_ns);
}

void Totals::Merge(const Totals& other) {
  count += other.count;
  running += other.running;
  ended_later += other.ended_later;
  lost += other.lost;
  failed += other.failed;
  stopped += other.stopped;
  maxrss_kib = std::max(maxrss_kib, other.maxrss_kib);
  for (const auto member :
       {&Totals::cpu_us, &Totals::cpu_within_us, &Totals::utime_us, &Totals::stime_us,
        &Totals::elapsed_us, &Totals::minflt, &Totals::majflt, &Totals::nvcsw, &Totals::nivcsw,
        &Totals::read_bytes, &Totals::write_bytes}) {
    (this->*member).Merge(other.*member);
  }
  cpu_quantiles.Merge(other.cpu_quantiles);
  elapsed_quantiles.Merge(other.elapsed_quantiles);
  maxrss_quantiles.Merge(other.maxrss_quantiles);
  AddEnd(other.first_end_ns);
  AddEnd(other.last_end_ns);
}

Cell ShareCell(const std::optional<uint64_t>& part, const std::optional<uint64_t>& whole) {
  constexpr double kWhole = 10'000;
  if (!part || !whole || *whole == 0) return std::monostate();
  const double share = static_cast<double>(*part) / static_cast<double>(*whole);
  return static_cast<uint64_t>(std::llround(share * kWhole));
}

}  // namespace daybook
