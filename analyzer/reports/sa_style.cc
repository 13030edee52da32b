// Totals as sa(8) of the GNU accounting utilities prints them: by command, and by user.

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "columns/life_cells.h"
#include "groups/life_groups.h"
#include "life_log.h"
#include "pacct/pacct_lives.h"
#include "reports/styles.h"
#include "text/names.h"

namespace daybook {
namespace {

constexpr double kSecond = 1e6;  // microseconds
// sa takes the memory for pages, and divides by their size in KiB where others would multiply.
constexpr double kPageKib = 4;
constexpr int kCommWidth = 16;
constexpr int kUserWidth = 32;

// Sums as sa has them, which are floating-point seconds: their roundings show in the output.
struct Totals {
  uint64_t calls = 0;
  double user_s = 0;
  double system_s = 0;
  double elapsed_s = 0;
  double io = 0;
  double memory_kib = 0;

  double cpu_s() const { return user_s + system_s; }
  void Add(const Life& life);
  void Add(const Totals& other);
};

void Totals::Add(const Life& life) {
  const Usage& usage = life.usage;
  ++calls;
  if (life.acct || !usage.cpu_us) {
    user_s += static_cast<double>(usage.utime_us.value_or(0)) / kSecond;
    system_s += static_cast<double>(usage.stime_us.value_or(0)) / kSecond;
  } else {
    user_s += static_cast<double>(*usage.cpu_us) / kSecond;  // exact, where the parts are sampled
  }
  elapsed_s += static_cast<double>(ElapsedUs(life).value_or(0)) / kSecond;
  io += static_cast<double>(life.acct ? life.acct->io_chars : 0) / kPacctTicksPerSecond;
  memory_kib += static_cast<double>(PacctMemoryKib(life)) / kPageKib;
}

void Totals::Add(const Totals& other) {
  calls += other.calls;
  user_s += other.user_s;
  system_s += other.system_s;
  elapsed_s += other.elapsed_s;
  io += other.io;
  memory_kib += other.memory_kib;
}

struct Row {
  std::string name;
  bool forked = false;  // without an exec
  Totals totals;
};

// The costliest first; of those that cost the same, the most called, and so on.
void Sort(std::vector<Row>* rows) {
  const auto key = [](const Row& row) {
    const Totals& t = row.totals;
    return std::tuple(-t.cpu_s(), -static_cast<double>(t.calls), -t.user_s, -t.system_s,
                      -t.elapsed_s, -t.io, -t.memory_kib, row.name);
  };
  std::ranges::sort(*rows, {}, key);
}

template <class... Values>
void Print(std::string* out, const char* format, Values... values) {
  const int size = std::snprintf(nullptr, 0, format, values...);
  const size_t begin = out->size();
  out->resize(begin + static_cast<size_t>(size) + 1);
  std::snprintf(out->data() + begin, static_cast<size_t>(size) + 1, format, values...);
  out->pop_back();
}

void PrintTotals(const Totals& totals, std::string* out) {
  const auto calls = static_cast<double>(totals.calls);
  Print(out, "%8llu %10.2fre %10.2fcp%10.0favio %9.0fk",
        static_cast<unsigned long long>(totals.calls), totals.elapsed_s / 60, totals.cpu_s() / 60,
        totals.io / calls, totals.memory_kib / calls);
}

bool IsPrintable(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
}

// Sums of the lives that have ended, in the order of the log.
template <class Key>
struct Summed {
  std::map<Key, Totals> groups;
  Totals all;
  Coverage coverage;
};
template <class Key, class KeyOf>
Summed<Key> Sum(const Question& question, const KeyOf& key_of) {
  Summed<Key> sums;
  sums.coverage = ReadLives(question, [&](const Boot&, const Life& life) {
    if (life.state != LifeState::kEnded) return LifeUse::kFiltered;
    sums.groups[key_of(life)].Add(life);
    sums.all.Add(life);
    return LifeUse::kUsed;
  });
  return sums;
}

// What was called once, or has a name that cannot be shown, is one row.
std::vector<Row> CommandRows(const std::map<std::pair<std::string, bool>, Totals>& groups) {
  Row other{.name = std::string(kOther)};
  std::vector<Row> rows;
  for (const auto& [key, totals] : groups) {
    const auto& [comm, forked] = key;
    if (totals.calls > 1 && IsPrintable(comm)) {
      rows.push_back({.name = comm, .forked = forked, .totals = totals});
    } else {
      other.forked = other.forked || forked;
      other.totals.Add(totals);
    }
  }
  if (other.totals.calls != 0) rows.push_back(std::move(other));
  Sort(&rows);
  return rows;
}

Result<Answer> WriteCommands(const Question& question) {
  using Key = std::pair<std::string, bool>;
  const auto sums = Sum<Key>(question, [](const Life& life) {
    return Key(life.identity.comm.value_or(""), (PacctFlags(life) & kPacctFork) != 0);
  });
  OutputFile& file = *question.output;
  std::string& out = file.buffer();
  if (sums.all.calls != 0) {
    PrintTotals(sums.all, &out);
    out += '\n';
  }
  for (const Row& row : CommandRows(sums.groups)) {
    PrintTotals(row.totals, &out);
    if (!row.name.empty()) {
      Print(&out, "   %.*s%s", kCommWidth, row.name.c_str(), row.forked ? "*" : "");
    }
    out += '\n';
    file.Written();
  }
  return Answer{.coverage = sums.coverage};
}

Result<Answer> WriteUsers(const Question& question) {
  const auto sums = Sum<uint32_t>(
      question, [](const Life& life) { return life.identity.uid.value_or(UINT32_MAX); });
  AccountNames names(AccountNames::Of::kUsers);
  std::vector<Row> rows;
  for (const auto& [uid, totals] : sums.groups) {
    const std::string* name = names.Find(uid);
    rows.push_back({.name = name != nullptr ? *name : std::to_string(uid), .totals = totals});
  }
  Sort(&rows);
  if (sums.all.calls != 0) rows.insert(rows.begin(), Row{.name = "", .totals = sums.all});
  OutputFile& file = *question.output;
  std::string& out = file.buffer();
  for (const Row& row : rows) {
    Print(&out, "%-*.*s ", kUserWidth, kUserWidth, row.name.c_str());
    PrintTotals(row.totals, &out);
    out += '\n';
    file.Written();
  }
  return Answer{.coverage = sums.coverage};
}

}  // namespace

constinit const std::array<Style, 2> kSaStyles = {
    Style{.name = "sa", .summary = "as sa -i prints it", .write = WriteCommands},
    Style{.name = "sa-users", .summary = "as sa -i -m prints it", .write = WriteUsers}};

}  // namespace daybook
