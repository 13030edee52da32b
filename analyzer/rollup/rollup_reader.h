// Reads files of roll-ups: hands each out once, and tells what they cover together.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/coverage.h"
#include "log/log_set.h"
#include "rollup/rollup.h"

namespace daybook {

// The files in which there may be roll-ups: of a folder all but hidden ones, by name.
Result<std::vector<std::string>> FindRollupFiles(std::span<const std::string> paths);

class RollupReader {
 public:
  // Called with each roll-up in the window whose host is one of `hosts`, and with its groups; an
  // Error of it ends everything. Damaged ones come last: of one that is there several times that
  // counts of which most is left.
  using Take = std::function<Status(const RollupFacts& facts, std::span<const KeyedTotals> groups)>;

  RollupReader(LogSet& log, std::span<const std::string> hosts, Take take);

  // An Error where two of them cannot both be counted.
  Status Read();

  // Of all that was handed out, and what is missing.
  Coverage coverage() const;
  // True where all that there is ends before the window: when.
  std::optional<int64_t> EndBeforeWindow() const;
  // Files that hold something else.
  const std::vector<Error>& failures() const { return failures_; }
  // Lines for people: which days are missing, and of which of `hosts` there is no roll-up.
  std::vector<std::string> MissingDays() const;
  std::vector<std::string> UnknownHosts() const;

 private:
  // The log of a host: roll-ups of it must not tell of the same time.
  struct LogKey {
    Id128 stream_id;
    std::string host;
    auto operator<=>(const LogKey&) const = default;
  };
  static LogKey KeyOf(const RollupFacts& facts) {
    return {facts.numbers.stream_id, facts.host.value_or("")};
  }
  struct Pending {
    uint64_t no;
    std::optional<RollupFacts> facts;
    RollupGroupJoiner joiner;
  };
  struct Seen {
    RollupFacts facts;
    std::string path;
    std::optional<uint64_t> digest;  // of its groups, once all of them were handed out
    std::optional<Pending> damaged;  // until then: the one of which most is left
  };

  Status TakeRecord(const RecordView& record);
  Status Enter(uint64_t no);
  Status Finish();
  Status Judge(Pending rollup);
  bool IsChosen(const RollupFacts& facts);
  Result<Seen*> Find(const RollupFacts& facts);
  Status Offer(Pending rollup, Seen* seen);
  Status HandOutDamaged();
  Status HandOut(const Pending& rollup);
  void CountFacts(const RollupFacts& facts);
  uint64_t RecordedTwiceUs() const;
  void EndFile(const End& end);
  std::string PathHere() const;

  LogSet& log_;
  std::set<std::string, std::less<>> hosts_;  // empty: all
  Take take_;
  std::optional<Pending> pending_;
  bool holds_rollups_ = false;  // the file that is read
  std::map<LogKey, std::vector<Seen>> seen_;
  std::map<LogKey, std::vector<RollupFacts>> left_out_;
  struct Running {
    int64_t until_ns = 0;
    std::optional<int64_t> last_ns;  // its last record
    uint64_t processes = 0;
    auto operator<=>(const Running&) const = default;
  };
  // By host, at the end of the latest one: what ran at that of another runs on in its next log.
  std::map<std::string, Running, std::less<>> running_;
  std::map<std::string, std::set<int64_t>, std::less<>> recorded_;  // days by host
  std::set<std::string, std::less<>> boots_;
  std::set<std::string, std::less<>> filters_;
  Coverage coverage_;
  RollupCoverage rollups_;
  std::vector<Error> failures_;
};

}  // namespace daybook
