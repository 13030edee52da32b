// What is exported of random worlds, as folded stacks and as a trace, is all that there was, and
// below whom it was.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "process_world.h"
#include "random_worlds.h"
#include "report_runner.h"

namespace daybook {
namespace {

struct Exported {
  std::vector<std::string> lines;
  Coverage coverage;
};

Exported Export(std::string_view format, const Asked& asked) {
  const TempFolder temp;
  const std::string path = temp / "exported";
  const auto style = std::ranges::find(kExportReport.styles, format, &Style::name);
  const LocalZone zone = LocalZone::Utc();
  LogSet log = OpenLogs(asked);
  auto file = OrThrow(OutputFile::Create(path));
  const Question question{.log = log,
                          .zone = zone,
                          .filter = {},
                          .wishes = asked.wishes,
                          .paths = asked.paths,
                          .output = &file};
  Exported exported{.lines = {}, .coverage = OrThrow(style->write(question)).coverage};
  if (!file.Close()) throw std::runtime_error("cannot write " + path);
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) exported.lines.push_back(line);
  return exported;
}

// ---- Folded stacks ----

struct Stack {
  size_t frames = 0;
  uint64_t value = 0;
};

std::vector<Stack> FoldedBy(const std::string& weight, Asked asked) {
  asked.wishes = WishFor("--weigh", weight);
  std::vector<Stack> stacks;
  for (const std::string& line : Export("folded", asked).lines) {
    const size_t blank = line.find(' ');
    RC_ASSERT(blank == line.rfind(' '));
    const auto semicolons = std::count(line.begin(), line.end(), ';');
    stacks.push_back({.frames = static_cast<size_t>(semicolons) + 1,
                      .value = std::stoull(line.substr(blank + 1))});
  }
  return stacks;
}

uint64_t SumOf(const std::vector<Stack>& stacks) {
  uint64_t sum = 0;
  for (const Stack& stack : stacks) sum += stack.value;
  return sum;
}

// Of how many processes the log tells so many ancestors, each process included.
std::map<size_t, uint64_t> DepthsOf(const Worlds& worlds) {
  std::map<Place, const TrueLife*> told;
  worlds.ForEachTold([&](const ProcessWorld& world, uint8_t boot, const TrueLife& life) {
    told[PlaceOf(world, boot, life)] = &life;
  });
  std::map<size_t, uint64_t> depths;
  for (const auto& [place, life] : told) {
    size_t depth = 0;
    Place above = place;
    std::optional<uint32_t> topmost;
    for (auto at = told.find(above); at != told.end(); at = told.find(above)) {
      ++depth;
      topmost = std::get<ProcessKey>(above).pid;
      if (!at->second->told_parent) break;
      std::get<ProcessKey>(above) = *at->second->told_parent;
    }
    const bool is_first = topmost == 1U;
    ++depths[depth + (is_first ? 0 : 1)];
  }
  return depths;
}

RC_GTEST_PROP(WorldTest, FoldedStacksAddUpToTheSummary,
              (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  Asked asked{.paths = worlds.paths()};
  asked.log.skips = kExportReport.skips;
  const int64_t a = worlds.Moment(*rc::gen::inRange<uint32_t>(0, 1000));
  const int64_t b = worlds.Moment(*rc::gen::inRange<uint32_t>(0, 1000));
  const WindowRule rule =
      *rc::gen::element(WindowRule::kStart, WindowRule::kEnd, WindowRule::kExistence);
  for (const Window& window :
       {Window{},
        Window{.since_ns = std::min(a, b), .until_ns = std::max(a, b) + 1, .rule = rule}}) {
    asked.log.window = window;
    const Ran summary = RunReport(kSummaryReport, asked);
    RC_ASSERT(SumOf(FoldedBy("count", asked)) == summary.Number(summary.total, "count"));
    for (const std::string weight : {"cpu", "elapsed"}) {
      RC_ASSERT(std::pair(weight, SumOf(FoldedBy(weight, asked))) ==
                std::pair(weight, summary.Number(summary.total, weight + "_us")));
    }
  }
}

// Where nothing is lost: of what is, the log may tell only after a child of it has ended.
RC_GTEST_PROP(WorldTest, AStackHasEveryAncestorThatTheLogTells, (Script script)) {
  std::erase_if(script, [](const Step& step) {
    return step.action == Action::kLose || step.action == Action::kPause;
  });
  const Worlds worlds(script);
  std::map<size_t, uint64_t> depths;
  for (const Stack& stack : FoldedBy("count", {.paths = worlds.paths()})) {
    depths[stack.frames] += stack.value;
  }
  RC_ASSERT(depths == DepthsOf(worlds));
}

// ---- Traces ----

struct Bar {
  int64_t first_us = 0;
  int64_t last_us = 0;
  std::string id;  // with that of its host, where there are several: their boots have the same
};

// Of a member of a line; empty where there is none.
std::string ValueOf(std::string_view line, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  size_t begin = line.find(key);
  if (begin == line.npos) return "";
  begin += key.size();
  if (line[begin] == '"') ++begin;
  return std::string(line.substr(begin, line.find_first_of("\",}", begin) - begin));
}

std::map<std::string, std::vector<Bar>> LanesOf(const Exported& exported) {
  std::map<std::string, std::vector<Bar>> lanes;
  for (const std::string& line : exported.lines) {
    if (ValueOf(line, "ph") != "X") continue;
    const int64_t first_us = std::stoll(ValueOf(line, "ts"));
    const int64_t elapsed_us = std::stoll(ValueOf(line, "dur"));
    RC_ASSERT(elapsed_us >= 0);
    lanes[ValueOf(line, "tid")].push_back({.first_us = first_us,
                                           .last_us = first_us + elapsed_us,
                                           .id = ValueOf(line, "host") + ValueOf(line, "proc_id")});
  }
  return lanes;
}

// The outer ones first.
void Sort(std::vector<Bar>* bars) {
  std::ranges::stable_sort(*bars, [](const Bar& a, const Bar& b) {
    return std::pair(a.first_us, -a.last_us) < std::pair(b.first_us, -b.last_us);
  });
}

// What lies within another bar descends from it, and no two overlap.
void CheckNesting(std::vector<Bar> bars, const std::map<std::string, std::string>& parents) {
  const auto descends = [&](std::string id, const std::string& from) {
    for (size_t steps = 0; steps <= parents.size() && !id.empty(); ++steps) {
      if (id == from) return true;
      const auto parent = parents.find(id);
      id = parent != parents.end() ? parent->second : "";
    }
    return false;
  };
  Sort(&bars);
  std::vector<Bar> open;
  for (const Bar& bar : bars) {
    while (!open.empty() && open.back().last_us <= bar.first_us) open.pop_back();
    const bool is_instant = bar.first_us == bar.last_us;
    for (const Bar& outer : open) RC_ASSERT(bar.last_us <= outer.last_us);
    if (!open.empty() && !is_instant) {
      const Bar& outer = open.back();
      const bool is_same = bar.first_us == outer.first_us && bar.last_us == outer.last_us;
      RC_ASSERT(descends(bar.id, outer.id) || (is_same && descends(outer.id, bar.id)));
    }
    open.push_back(bar);
  }
}

RC_GTEST_PROP(WorldTest, BarsOfATraceNestAsProcessesDescend,
              (const Script& first, const Script& second)) {
  const Worlds worlds(first, second);
  Asked asked{.paths = worlds.paths()};
  asked.log.skips = kExportReport.skips;
  const int64_t a = worlds.Moment(*rc::gen::inRange<uint32_t>(0, 1000));
  const int64_t b = worlds.Moment(*rc::gen::inRange<uint32_t>(0, 1000));
  const WindowRule rule =
      *rc::gen::element(WindowRule::kStart, WindowRule::kEnd, WindowRule::kExistence);
  const auto id_of = [&](const Ran& ran, const TextRow& row, std::string_view column) {
    std::string id(worlds.all().size() > 1 ? ran.At(row, "host") : "");
    return id.append(ran.At(row, column));
  };
  // By all of them, also those that the window leaves out.
  std::map<std::string, std::string> parents;
  const Ran all = RunReport(kListReport, {.paths = worlds.paths()});
  for (const TextRow& row : all.rows) {
    if (all.At(row, "parent_id") == "-") continue;
    parents[id_of(all, row, "proc_id")] = id_of(all, row, "parent_id");
  }
  for (const Window& window :
       {Window{},
        Window{.since_ns = std::min(a, b), .until_ns = std::max(a, b) + 1, .rule = rule}}) {
    asked.log.window = window;
    const Exported trace = Export("trace", asked);
    std::multiset<std::string> ids;
    for (const auto& [lane, bars] : LanesOf(trace)) {
      for (const Bar& bar : bars) ids.insert(bar.id);
      CheckNesting(bars, parents);
    }
    std::multiset<std::string> expected;
    const Ran list = RunReport(kListReport, asked);
    for (const TextRow& row : list.rows) expected.insert(id_of(list, row, "proc_id"));
    RC_ASSERT(ids == expected);
    RC_ASSERT(trace.coverage.used == ids.size());
  }
}

}  // namespace
}  // namespace daybook
