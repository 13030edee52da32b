// Nothing is missing and nothing is invented: ten thousand processes, against what their parents
// were told and against the kernel's own accounting of the same time, acct(2).

#include <sys/acct.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "live/support/live_test.h"

namespace daybook {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr int kSpawners = 2;
constexpr int kPerSpawner = 5000;

// The kernel's accounting, on while this lives.
class KernelAccounting {
 public:
  struct Record {
    uint32_t pid = 0;
    uint32_t ppid = 0;
    uint32_t status = 0;
    std::string comm;
  };

  explicit KernelAccounting(const std::string& path) : path_(path) {
    std::ofstream(path).close();
    if (acct(path.c_str()) != 0) throw std::runtime_error("acct: " + std::string(strerror(errno)));
  }
  KernelAccounting(const KernelAccounting&) = delete;
  KernelAccounting& operator=(const KernelAccounting&) = delete;
  ~KernelAccounting() { acct(nullptr); }

  // Ends the accounting. Whoever does that gets a record, too: it is left out.
  std::vector<Record> Stop() {
    acct(nullptr);
    std::vector<Record> records;
    std::ifstream file(path_, std::ios::binary);
    for (acct_v3 raw; file.read(reinterpret_cast<char*>(&raw), sizeof(raw));) {
      if (raw.ac_version != 3) throw std::runtime_error("acct: not version 3");
      if (raw.ac_pid == static_cast<uint32_t>(getpid())) continue;
      records.push_back({.pid = raw.ac_pid,
                         .ppid = raw.ac_ppid,
                         .status = raw.ac_exitcode,
                         .comm = std::string(raw.ac_comm, strnlen(raw.ac_comm, ACCT_COMM))});
    }
    return records;
  }

 private:
  std::string path_;
};

// One process, as its parent tells of it.
struct Told {
  int index = 0;
  uint32_t pid = 0;
  int status = 0;
};

// An actor that spawns, its children told of in a file.
class Spawner {
 public:
  Spawner(int first, const std::string& report)
      : first_(std::to_string(first)),
        report_(report),
        pid_(SpawnActor({"spawn", first_, std::to_string(kPerSpawner)}, report)) {}

  std::vector<std::string> Arguments() const {
    return {"actor", "spawn", first_, std::to_string(kPerSpawner)};
  }

  pid_t pid() const { return pid_; }

  std::vector<Told> Children() const {
    std::vector<Told> children;
    std::ifstream file(report_);
    for (Told told; file >> told.index >> told.pid >> told.status;) children.push_back(told);
    return children;
  }

 private:
  std::string first_;
  std::string report_;
  pid_t pid_;
};

// Lines of `daybook list --output jsonl` with these columns.
std::vector<std::string> List(const std::string& folder, const std::string& columns) {
  const std::string command =
      DAYBOOK_PROGRAM " list --log " + folder + " --output jsonl --columns " + columns;
  FILE* const program = popen(command.c_str(), "r");
  if (program == nullptr) throw std::runtime_error("popen");
  std::string text;
  char chunk[65536];
  while (const size_t count = fread(chunk, 1, sizeof(chunk), program)) text.append(chunk, count);
  EXPECT_EQ(pclose(program), 0) << command;
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string AsJson(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "[\"" : ",\"") + word + '"';
  return text + "]";
}

// The row that daybook must have for a child.
std::string RowOf(const Told& child, pid_t spawner, const std::string& spawner_id) {
  const bool exited = WIFEXITED(child.status);
  const std::string number =
      std::to_string(exited ? WEXITSTATUS(child.status) : WTERMSIG(child.status));
  const std::string args =
      AsJson({"actor", exited ? "exit" : "signal", number, "i" + std::to_string(child.index)});
  return "{\"args\":" + args + ",\"exit_code\":" + (exited ? number : "null") +
         ",\"signal\":" + (exited ? "null" : number) + ",\"pid\":" + std::to_string(child.pid) +
         ",\"ppid\":" + std::to_string(spawner) + ",\"parent_id\":\"" + spawner_id + "\"}";
}

// What the first has more of than the second; a few are enough to know.
template <class Value>
std::vector<Value> Missing(std::vector<Value> wanted, std::vector<Value> found) {
  std::sort(wanted.begin(), wanted.end());
  std::sort(found.begin(), found.end());
  std::vector<Value> missing;
  std::set_difference(wanted.begin(), wanted.end(), found.begin(), found.end(),
                      std::back_inserter(missing));
  constexpr size_t kEnough = 20;
  if (missing.size() > kEnough) missing.resize(kEnough);
  return missing;
}

// From the last record of one process to the first of another, both included.
template <class Record>
std::vector<Record> Between(const std::vector<Record>& records, pid_t first, pid_t last) {
  const auto is = [](pid_t pid) {
    return [pid](const Record& record) { return record.pid == static_cast<uint32_t>(pid); };
  };
  const auto begin = std::find_if(records.begin(), records.end(), is(first));
  const auto end = std::find_if(begin, records.end(), is(last));
  if (end == records.end()) throw std::runtime_error("the marks are not there");
  return std::vector<Record>(begin, end + 1);
}

template <class Record>
std::vector<std::string> Names(const std::vector<Record>& records) {
  std::vector<std::string> names;
  for (const Record& record : records) names.push_back(std::to_string(record.pid));
  return names;
}

class CompletenessTest : public RecordedTest {
 protected:
  // Everything happens in here.
  void SetUp() override {
    RecordedTest::SetUp();
    if (HasFatalFailure() || IsSkipped()) return;
    KernelAccounting accounting(files_ / "acct");
    WaitFor(first_ = SpawnActor({"exit", "0", "first"}));
    for (int i = 0; i < kSpawners; ++i) {
      spawners_.emplace_back(i * kPerSpawner, files_ / std::to_string(i));
    }
    for (const Spawner& spawner : spawners_) ASSERT_EQ(WaitFor(spawner.pid()).status, 0);
    WaitFor(last_ = SpawnActor({"exit", "0", "last"}));
    accounted_ = accounting.Stop();
    log_ = &Stop();
  }

  TempFolder files_;
  std::vector<Spawner> spawners_;
  std::vector<KernelAccounting::Record> accounted_;
  const KeptLog* log_ = nullptr;
  pid_t first_ = 0;
  pid_t last_ = 0;
};

TEST_F(CompletenessTest, EveryProcessIsThereOnceAndAsItWas) {
  // What daybook says of the children of each spawner, against what the spawner says.
  const auto rows = List(folder(), "args,exit_code,signal,pid,ppid,parent_id");
  const auto ids = List(folder(), "args,proc_id,state");
  size_t by_signal = 0;
  for (const Spawner& spawner : spawners_) {
    const auto children = spawner.Children();
    ASSERT_THAT(children, SizeIs(kPerSpawner));
    std::vector<std::string> self;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(self), [&](const std::string& line) {
      return line.starts_with("{\"args\":" + AsJson(spawner.Arguments()) + ",\"proc_id\":\"");
    });
    ASSERT_THAT(self, SizeIs(1));
    constexpr std::string_view kKey = "\"proc_id\":\"";
    const size_t begin = self[0].find(kKey) + kKey.size();
    const std::string id = self[0].substr(begin, self[0].find('"', begin) - begin);

    std::vector<std::string> wanted;
    for (const Told& child : children) {
      wanted.push_back(RowOf(child, spawner.pid(), id));
      by_signal += WIFSIGNALED(child.status);
    }
    std::vector<std::string> found;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(found),
                 [&](const auto& line) { return line.ends_with("\"parent_id\":\"" + id + "\"}"); });
    EXPECT_THAT(Missing(wanted, found), IsEmpty()) << "not in the list";
    EXPECT_THAT(Missing(found, wanted), IsEmpty()) << "in the list, and never was";
  }
  EXPECT_GE(by_signal, 400u);

  // The same processes by acct(2).
  std::map<uint32_t, const Spawner*> by_pid;
  for (const Spawner& spawner : spawners_) by_pid[static_cast<uint32_t>(spawner.pid())] = &spawner;
  std::vector<std::pair<uint32_t, uint32_t>> told;
  for (const Spawner& spawner : spawners_) {
    for (const Told& child : spawner.Children()) {
      told.emplace_back(child.pid, static_cast<uint32_t>(child.status));
    }
  }
  std::vector<std::pair<uint32_t, uint32_t>> accounted;
  for (const auto& record : accounted_) {
    if (by_pid.contains(record.ppid)) accounted.emplace_back(record.pid, record.status);
  }
  std::vector<std::pair<uint32_t, uint32_t>> recorded;
  for (const Exit& exit : log_->All<Exit>()) {
    if (by_pid.contains(exit.ppid.value_or(0))) {
      recorded.emplace_back(exit.pid, exit.wait_status.value_or(0));
    }
  }
  EXPECT_THAT(recorded, SizeIs(kSpawners * kPerSpawner));
  EXPECT_THAT(Missing(told, recorded), IsEmpty());
  EXPECT_THAT(Missing(accounted, recorded), IsEmpty());
  EXPECT_THAT(Missing(recorded, accounted), IsEmpty());
}

TEST_F(CompletenessTest, EveryEndThatTheKernelAccountedIsThereAndNoOther) {
  // Whatever else ran belongs to it. At the marks the two may differ in order: hence each window
  // against the other's whole.
  const auto exits = log_->All<Exit>();
  const auto recorded = Between(exits, first_, last_);
  const auto accounted = Between(accounted_, first_, last_);
  EXPECT_GE(recorded.size(), static_cast<size_t>(kSpawners * kPerSpawner));
  EXPECT_THAT(Missing(Names(accounted), Names(exits)), IsEmpty()) << "accounted, not recorded";
  EXPECT_THAT(Missing(Names(recorded), Names(accounted_)), IsEmpty()) << "recorded, not accounted";
  std::printf("between the marks: acct %zu, daybookd %zu\n", accounted.size(), recorded.size());
}

}  // namespace
}  // namespace daybook
