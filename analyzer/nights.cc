#include "nights.h"

#include <algorithm>

namespace daybook {
namespace {

// Where the log of each host begins, also in what is not read.
std::map<std::string, int64_t> BeginsOfLogs(const LogSet& log, const HostNames& names,
                                            const std::map<std::string, RecordedTimes>& recorded) {
  std::map<std::string, int64_t> begins;
  for (const auto& [host, times] : recorded) begins[host] = times.first_ns();
  std::map<Id128, int64_t> left_out;
  for (const auto& [path, segment] : log.left_out()) {
    const auto [begin, is_new] =
        left_out.try_emplace(segment.start->stream_id, segment.start->realtime_ns);
    begin->second = std::min(begin->second, segment.start->realtime_ns);
  }
  for (const Boot& boot : log.boots()) {
    const auto found = boot.stream_id ? left_out.find(*boot.stream_id) : left_out.end();
    const auto begin = begins.find(names.Of(boot));
    if (found != left_out.end() && begin != begins.end()) {
      begin->second = std::min(begin->second, found->second);
    }
  }
  return begins;
}

}  // namespace

void Nights::Take(const Boot& boot, const Life& life) {
  if (boot_ != &boot) {
    boot_ = &boot;
    night_ = &nights_.try_emplace(names_.Of(boot), window_, now_ns_, zone_).first->second;
  }
  night_->Take(boot, life);
}

void Nights::Finish(const LogSet& log, const std::optional<Window>& before) {
  if (nights_.empty()) nights_.try_emplace("", window_, now_ns_, zone_);
  const auto recorded = RecordedByHost(log, names_);
  const auto begins = BeginsOfLogs(log, names_, recorded);
  for (auto& [host, night] : nights_) {
    night.Finish();
    const auto times = recorded.find(host);
    if (before && times != recorded.end()) {
      night.SetBaseline(*before, times->second, begins.at(host));
    }
  }
}

std::optional<Window> Nights::baseline() const {
  std::optional<Window> longest;
  for (const auto& [host, night] : nights_) {
    const auto& baseline = night.baseline();
    if (baseline && (!longest || baseline->since_ns < longest->since_ns)) longest = baseline;
  }
  return longest;
}

std::vector<std::string> Nights::HostsWithoutBaseline() const {
  std::vector<std::string> hosts;
  for (const auto& [host, night] : nights_) {
    if (!night.baseline() && night.used() != 0) hosts.push_back(host);
  }
  return hosts;
}

uint64_t Nights::Sum(uint64_t (Night::*of)() const) const {
  uint64_t sum = 0;
  for (const auto& [host, night] : nights_) sum += (night.*of)();
  return sum;
}

Rows Nights::All(Rows (Night::*of)()) {
  Rows all;
  for (auto& [host, night] : nights_) {
    for (auto& row : (night.*of)()) {
      row.push_back(host.empty() ? Cell() : Cell(Text{.bytes = host}));
      all.push_back(std::move(row));
    }
  }
  return all;
}

}  // namespace daybook
