#include "log/joined_logs.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace daybook {
namespace {

using BootOfHost = std::pair<Id128, Id128>;  // the ids of both

class Joiner {
 public:
  Joiner(std::span<const std::optional<SegmentStart>> files, const AskEnd& end_of,
         const AskHostName& host_name_of)
      : files_(files), end_of_(end_of), host_name_of_(host_name_of) {}

  JoinedLogs Join();

 private:
  using Logs = std::set<Id128>;

  const Id128& LogOf(size_t file) const { return files_[file]->stream_id; }
  BootOfHost BootOf(size_t file) const { return {files_[file]->host_id, files_[file]->boot_id}; }
  void FindSharedBoots();
  std::vector<Logs> GroupLogs() const;
  bool FollowEachOther(const Logs& logs);
  bool AreCopies(size_t file, size_t other) const;
  std::optional<uint64_t> EndOf(std::span<const size_t> copies) const;
  bool IsBehind(size_t file, std::span<const size_t> before);
  std::vector<size_t> OrderOf(const Logs& logs) const;
  std::vector<size_t> BootWith(size_t file) const;
  void AddFile(size_t file, std::vector<size_t>* order) const;

  std::span<const std::optional<SegmentStart>> files_;
  const AskEnd& end_of_;
  const AskHostName& host_name_of_;
  std::map<Id128, std::vector<size_t>> logs_;  // their files
  // The files of each boot of which several logs tell, in order of time.
  std::map<BootOfHost, std::vector<size_t>> shared_boots_;
  JoinedLogs joined_;
};

void Joiner::FindSharedBoots() {
  for (size_t file = 0; file < files_.size(); ++file) {
    if (!files_[file]) continue;
    logs_[LogOf(file)].push_back(file);
    if (files_[file]->boot_id != Id128{}) shared_boots_[BootOf(file)].push_back(file);
  }
  std::erase_if(shared_boots_, [this](const auto& boot) {
    const Id128& first = LogOf(boot.second.front());
    return std::ranges::all_of(boot.second, [&](size_t file) { return LogOf(file) == first; });
  });
  for (auto& [boot, files] : shared_boots_) {
    std::ranges::stable_sort(files, {}, [this](size_t file) { return files_[file]->time_ns; });
  }
}

// Those that have boots in common, perhaps by the way of others.
std::vector<Joiner::Logs> Joiner::GroupLogs() const {
  std::vector<Logs> groups;
  for (const auto& [boot, files] : shared_boots_) {
    Logs logs;
    for (const size_t file : files) logs.insert(LogOf(file));
    std::erase_if(groups, [&logs](Logs& group) {
      const bool is_met =
          std::ranges::any_of(group, [&logs](const Id128& log) { return logs.contains(log); });
      if (is_met) logs.merge(group);
      return is_met;
    });
    groups.push_back(std::move(logs));
  }
  return groups;
}

// In each boot that they have in common.
bool Joiner::FollowEachOther(const Logs& logs) {
  for (const auto& [boot, files] : shared_boots_) {
    if (!logs.contains(LogOf(files.front()))) continue;
    size_t first = 0;  // of the copies of the segment before
    for (size_t i = 1; i < files.size(); ++i) {
      if (!IsBehind(files[i], std::span(files).subspan(first, i - first))) return false;
      if (!AreCopies(files[i], files[first])) first = i;
    }
  }
  return true;
}

bool Joiner::AreCopies(size_t file, size_t other) const {
  return LogOf(file) == LogOf(other) && files_[file]->segment_no == files_[other]->segment_no;
}

// Some of them may be torn.
std::optional<uint64_t> Joiner::EndOf(std::span<const size_t> copies) const {
  uint64_t last_ns = 0;
  for (const size_t file : copies) {
    const auto end_ns = end_of_(file);
    if (!end_ns) return std::nullopt;
    last_ns = std::max(last_ns, *end_ns);
  }
  return last_ns;
}

// By the boot's own clock, which is never set. Cloned machines may have one boot id. `before` are
// the copies of a segment, the soundest first.
bool Joiner::IsBehind(size_t file, std::span<const size_t> before) {
  if (LogOf(file) == LogOf(before.back())) return file > before.back();
  const auto ended_ns = EndOf(before);
  if (!ended_ns || *ended_ns > files_[file]->time_ns) return false;
  const std::string host_name = host_name_of_(file);
  if (host_name.empty() || host_name != host_name_of_(before.front())) return false;
  joined_.other_ended_ns[file] = *ended_ns;
  return true;
}

// All its files where several logs tell of it, else that one.
std::vector<size_t> Joiner::BootWith(size_t file) const {
  const auto shared = shared_boots_.find(BootOf(file));
  return shared != shared_boots_.end() ? shared->second : std::vector{file};
}

// A boot is next when none of its logs has another one before it. Empty where they go in a circle,
// as only forged ones do.
std::vector<size_t> Joiner::OrderOf(const Logs& logs) const {
  std::vector<size_t> order;
  std::map<Id128, std::span<const size_t>> rest;
  for (const Id128& log : logs) rest[log] = logs_.at(log);
  const auto take = [&](const std::vector<size_t>& boot) {
    std::map<Id128, size_t> taken;
    for (const size_t file : boot) {
      const auto& files = rest.at(LogOf(file));
      const size_t i = taken[LogOf(file)]++;
      if (i >= files.size() || files[i] != file) return false;
    }
    for (const auto& [log, count] : taken) rest[log] = rest[log].subspan(count);
    for (const size_t file : boot) AddFile(file, &order);
    return true;
  };
  for (bool has_taken = true; std::exchange(has_taken, false);) {
    for (const Id128& log : logs) {
      while (!rest[log].empty() && take(BootWith(rest[log].front()))) has_taken = true;
    }
  }
  const bool is_all = std::ranges::all_of(rest, [](const auto& log) { return log.second.empty(); });
  return is_all ? order : std::vector<size_t>();
}

// And those behind it that are not known.
void Joiner::AddFile(size_t file, std::vector<size_t>* order) const {
  do {
    order->push_back(file++);
  } while (file < files_.size() && !files_[file]);
}

JoinedLogs Joiner::Join() {
  FindSharedBoots();
  std::map<Id128, std::vector<size_t>> orders;  // by the first log of each group
  for (const Logs& logs : GroupLogs()) {
    std::vector<size_t> order = FollowEachOther(logs) ? OrderOf(logs) : std::vector<size_t>();
    if (order.empty()) continue;
    const Id128& first = LogOf(order.front());
    for (const Id128& log : logs) joined_.log_of[log] = first;
    orders[first] = std::move(order);
  }
  std::erase_if(joined_.other_ended_ns,
                [this](const auto& ended) { return !joined_.log_of.contains(LogOf(ended.first)); });
  for (size_t file = 0; file < files_.size() && !files_[file]; ++file) {
    joined_.order.push_back(file);
  }
  for (size_t file = 0; file < files_.size(); ++file) {
    if (!files_[file]) continue;
    const auto joined = joined_.log_of.find(LogOf(file));
    if (joined == joined_.log_of.end()) {
      AddFile(file, &joined_.order);
    } else {
      std::ranges::copy(std::exchange(orders[joined->second], {}),
                        std::back_inserter(joined_.order));
    }
  }
  return std::move(joined_);
}

}  // namespace

Id128 IdOf(const Id128& stream_id, const JoinedIds& joined) {
  const auto found = joined.find(stream_id);
  return found != joined.end() ? found->second : stream_id;
}

JoinedLogs JoinLogs(std::span<const std::optional<SegmentStart>> files, const AskEnd& end_of,
                    const AskHostName& host_name_of) {
  return Joiner(files, end_of, host_name_of).Join();
}

}  // namespace daybook
