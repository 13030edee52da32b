// What is missing from the log of a period: times without a recorder, what was lost, what is
// damaged.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/coverage.h"
#include "log/log_set.h"
#include "log/recorded_times.h"
#include "page.h"

namespace daybook {

// Of CoverageExceptions::ToRows.
extern const std::array<Column, 8> kCoverageColumns;

class CoverageExceptions {
 public:
  // Reads the log, of which the files outside its window may be left out. `now_ns`: nothing can
  // have been recorded later.
  void Read(LogSet& log, int64_t now_ns);

  const Coverage& coverage() const { return coverage_; }
  const HostNames& names() const { return names_; }
  // Those of which something is in the log, in order; without one that has no name.
  std::vector<std::string> hosts() const;

  uint64_t lost() const;     // events and records
  uint64_t gaps() const;     // times without a recorder that is there again
  uint64_t damaged() const;  // places
  uint64_t stopped() const;  // hosts whose recorder is not there at the end
  Rows ToRows() const;

 private:
  // The same on a host.
  struct Sum {
    uint64_t times = 0;
    uint64_t lost = 0;
    uint64_t bytes = 0;
    std::optional<uint64_t> duration_us;
    std::optional<int64_t> first_ns;
    std::optional<int64_t> last_ns;

    void Merge(const Sum& other);
  };
  struct Found {
    uint64_t lost = 0;
    uint64_t bytes = 0;
    std::optional<int64_t> first_ns;
    std::optional<int64_t> last_ns;
    bool has_duration = false;

    Sum ToSum() const;
  };

  void Take(const RecordView& record, LogSet& log);
  void Take(const Gap& gap, LogSet& log);
  void TakeTime(const LogSet::NotRecorded& time, LogSet& log);
  void Add(std::string_view what, const Boot& boot, const Found& found);
  void Add(std::string_view what, const std::string& host, const Found& found);
  using Span = RecordedTimes::Span;
  void AddTime(std::string_view what, const std::string& host, const Span& span);
  // When somebody recorded a host, and whether it is known that nobody did behind that.
  struct Recorded {
    Span span;
    bool has_stopped = false;
    bool has_lost_segments = false;  // from before it
  };
  void AddLater(const LogSet& log, std::map<std::string, Recorded>* hosts) const;
  void AddUncovered(const LogSet& log, int64_t now_ns);
  void AddMissing(const LogSet& log);
  void AddTotals();

  Coverage coverage_;
  uint64_t told_lost_here_ = 0;  // records, by gaps in the window
  HostNames names_;
  std::set<std::string> hosts_;
  // What, and where: while the log is read, what a host is called last is not known.
  std::map<std::pair<std::string_view, const Boot*>, Sum> sums_of_boots_;
  std::map<std::pair<std::string_view, std::string>, Sum> sums_;
};

}  // namespace daybook
