#include "night/nights.h"

namespace daybook {

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
  for (auto& [host, night] : nights_) {
    night.Finish();
    const auto times = recorded.find(host);
    if (before && times != recorded.end()) night.SetBaseline(*before, times->second);
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
    const bool is_there = night.used() != 0 && night.lack() != Night::Lack::kAll;
    if (!night.baseline() && is_there) hosts.push_back(host);
  }
  return hosts;
}

std::vector<std::string> Nights::HostsThatLack(Night::Lack lack) const {
  std::vector<std::string> hosts;
  for (const auto& [host, night] : nights_) {
    const bool is_told = night.baseline() || lack == Night::Lack::kAll;
    if (night.lack() == lack && is_told) hosts.push_back(host);
  }
  return hosts;
}

std::vector<std::string> Nights::HostsThatLackBefore() const {
  std::vector<std::string> hosts;
  for (const auto& [host, night] : nights_) {
    if (night.lacks_before()) hosts.push_back(host);
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
