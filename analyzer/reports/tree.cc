// The forest of processes by their birth parents, each with its own cost and that of its whole
// subtree. Nothing here is recursive: a chain of forks may be as long as the log.

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "arena.h"
#include "life_cells.h"
#include "life_log.h"
#include "report.h"

namespace daybook {
namespace {

constexpr Column kColumns[] = {
    {"depth", Kind::kNumber},
    {"tree", Kind::kString, 7, Shown::kToPeople},
    {"proc_id", Kind::kString},
    {"parent_id", Kind::kString},
    {"pid", Kind::kNumber, 1},
    {"ppid", Kind::kNumber},
    {"comm", Kind::kString},
    {"args", Kind::kArguments, 8},
    {"start_time", Kind::kTime},
    {"elapsed_us", Kind::kMicroseconds, 2},
    {"cpu_us", Kind::kMicroseconds, 3},
    {"total_cpu_us", Kind::kMicroseconds, 4},
    {"descendants", Kind::kNumber},
    {"exit_code", Kind::kNumber, 5},
    {"signal", Kind::kSignal, 6},
    {"state", Kind::kString},
};

constexpr size_t kNone = std::numeric_limits<size_t>::max();

// Deeper than this, the branches are not drawn: a line would be as long as the tree is deep.
constexpr size_t kMaxDrawnDepth = 32;

// What is kept of a life; strings are in the arena.
struct Node {
  const Boot* boot = nullptr;
  uint32_t pid = 0;
  uint64_t start_ns = 0;
  std::optional<uint32_t> ppid;
  std::optional<uint64_t> parent_start_ns;
  Cell comm;
  Cell args;
  Cell exit_code;
  Cell signal;
  Cell state;
  std::optional<uint64_t> elapsed_us;
  std::optional<uint64_t> cpu_us;

  size_t parent = kNone;
  size_t first_child = kNone;
  size_t next_sibling = kNone;
  size_t depth = 0;
  uint64_t total_cpu_us = 0;
  uint64_t descendants = 0;
};

using ProcessIdentity = std::tuple<const Boot*, uint32_t, uint64_t>;
ProcessIdentity IdentityOf(const Node& node) { return {node.boot, node.pid, node.start_ns}; }

class Forest {
 public:
  void Add(const Boot& boot, const Life& life);
  // Call once, after the last life.
  void Plant();
  void FillTable(Table& table) const;

 private:
  Cell Keep(const Cell& cell);
  size_t FindParent(const Node& node) const;
  void SumUp();
  std::string Draw(const Node& node) const;

  std::vector<Node> nodes_;  // Plant() puts them in order of birth: parents before children
  std::vector<size_t> by_identity_;
  size_t first_root_ = kNone;
  std::vector<size_t> preorder_;
  Arena arena_;
};

void Forest::Add(const Boot& boot, const Life& life) {
  nodes_.push_back({.boot = &boot,
                    .pid = life.pid,
                    .start_ns = life.start_ns,
                    .ppid = life.ppid,
                    .parent_start_ns = life.parent_start_ns,
                    .comm = Keep(CommCell(life)),
                    .args = Keep(ArgumentsCell(life)),
                    .exit_code = ExitCodeCell(life),
                    .signal = SignalCell(life),
                    .state = StateCell(life),
                    .elapsed_us = ElapsedUs(life),
                    .cpu_us = life.usage.cpu_us,
                    .total_cpu_us = life.usage.cpu_us.value_or(0)});
}

Cell Forest::Keep(const Cell& cell) {
  const auto* text = std::get_if<Text>(&cell);
  return text != nullptr ? Cell(Text{.bytes = arena_.Keep(text->bytes), .cut = text->cut}) : cell;
}

void Forest::Plant() {
  std::ranges::stable_sort(nodes_, {},
                           [](const Node& node) { return std::pair(node.start_ns, node.pid); });
  by_identity_.resize(nodes_.size());
  std::iota(by_identity_.begin(), by_identity_.end(), size_t{0});
  std::ranges::stable_sort(by_identity_, {}, [this](size_t i) { return IdentityOf(nodes_[i]); });
  // Backwards, so that each is put in front of its younger siblings.
  for (size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    node.parent = FindParent(node);
    if (node.parent >= i) node.parent = kNone;  // a forged log could make a ring
    size_t& first = node.parent == kNone ? first_root_ : nodes_[node.parent].first_child;
    node.next_sibling = first;
    first = i;
  }
  SumUp();
}

size_t Forest::FindParent(const Node& node) const {
  if (!node.ppid || !node.parent_start_ns) return kNone;
  const ProcessIdentity parent(node.boot, *node.ppid, *node.parent_start_ns);
  const auto found = std::ranges::lower_bound(by_identity_, parent, {},
                                              [this](size_t i) { return IdentityOf(nodes_[i]); });
  const bool is_known = found != by_identity_.end() && IdentityOf(nodes_[*found]) == parent;
  return is_known ? *found : kNone;
}

void Forest::SumUp() {
  // Parents stand before their children.
  for (size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    if (node.parent == kNone) continue;
    nodes_[node.parent].total_cpu_us += node.total_cpu_us;
    nodes_[node.parent].descendants += 1 + node.descendants;
  }
  preorder_.reserve(nodes_.size());
  for (size_t i = first_root_; i != kNone;) {
    preorder_.push_back(i);
    Node& node = nodes_[i];
    if (node.parent != kNone) node.depth = nodes_[node.parent].depth + 1;
    if (node.first_child != kNone) {
      i = node.first_child;
      continue;
    }
    while (i != kNone && nodes_[i].next_sibling == kNone) i = nodes_[i].parent;
    if (i != kNone) i = nodes_[i].next_sibling;
  }
}

// "│  └─ comm"
std::string Forest::Draw(const Node& node) const {
  std::string drawing;
  if (node.depth > kMaxDrawnDepth) {
    drawing = "(depth " + std::to_string(node.depth) + ") ";
  } else {
    const Node* step = &node;
    for (size_t level = node.depth; level > 0; --level, step = &nodes_[step->parent]) {
      const bool is_last = step->next_sibling == kNone;
      const bool is_own = step == &node;
      drawing.insert(0, is_own ? (is_last ? "└─ " : "├─ ") : (is_last ? "   " : "│  "));
    }
  }
  const auto* comm = std::get_if<Text>(&node.comm);
  return drawing.append(comm != nullptr ? comm->bytes : "-");
}

void Forest::FillTable(Table& table) const {
  std::string process_id;
  std::string parent_id;
  for (const size_t i : preorder_) {
    if (table.full()) return;
    const Node& node = nodes_[i];
    process_id.clear();
    parent_id.clear();
    AppendProcessId(*node.boot, node.pid, node.start_ns, &process_id);
    if (node.ppid && node.parent_start_ns) {
      AppendProcessId(*node.boot, *node.ppid, *node.parent_start_ns, &parent_id);
    }
    const std::string drawing = Draw(node);
    const std::array<Cell, std::size(kColumns)> row = {
        uint64_t{node.depth},
        Text{drawing},
        process_id.empty() ? Cell() : Cell(Text{process_id}),
        parent_id.empty() ? Cell() : Cell(Text{parent_id}),
        uint64_t{node.pid},
        OptionalCell(node.ppid),
        node.comm,
        node.args,
        WallTimeCell(*node.boot, node.start_ns),
        OptionalCell(node.elapsed_us),
        OptionalCell(node.cpu_us),
        node.total_cpu_us,
        node.descendants,
        node.exit_code,
        node.signal,
        node.state,
    };
    table.Add(row);
  }
}

Result<Answer> RunTree(const Question& question, Table& table) {
  Forest forest;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    forest.Add(boot, life);
    return LifeUse::kUsed;
  });
  forest.Plant();
  forest.FillTable(table);
  return Answer{.coverage = coverage};
}

}  // namespace

constinit const Report kTreeReport{
    .name = "tree",
    .summary = "Who started whom: each process below its birth parent, with the cost of all below.",
    .examples =
        "  daybook tree --since -10min\n"
        "  daybook tree --sort -total_cpu_us -n 10 --columns total_cpu_us,descendants,args\n",
    .columns = kColumns,
    .default_sort = "",
    .skips = LogSet::Skips::kBoots,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunTree,
};

}  // namespace daybook
