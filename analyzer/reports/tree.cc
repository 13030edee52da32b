// The forest of processes by their birth parents, each with its own cost and that of its whole
// subtree. Nothing here is recursive: a chain of forks may be as long as the log.

#include <algorithm>
#include <array>
#include <compare>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "columns/life_fields.h"
#include "groups/subtrees.h"
#include "life_log.h"
#include "report.h"
#include "table/cell_packing.h"
#include "table/repeated_texts.h"
#include "text/arena.h"
#include "text/byte_buffer.h"

namespace daybook {
namespace {

// Those of the tree, and between them some of list.
constexpr Column kColumns[] = {
    {"depth", Kind::kNumber},
    {"host", Kind::kString, 1, Shown::kOfSeveralHosts},
    {"tree", Kind::kString, 8, Shown::kToPeople},
    {"proc_id", Kind::kString},
    {"parent_id", Kind::kString},
    {"pid", Kind::kNumber, 2},
    {"ppid", Kind::kNumber},
    {"comm", Kind::kString},
    {"args", Kind::kArguments, 9},
    {"start_time", Kind::kTime},
    {"elapsed_us", Kind::kMicroseconds, 3},
    {"cpu_us", Kind::kMicroseconds, 4},
    {"total_cpu_us", Kind::kMicroseconds, 5},
    {"descendants", Kind::kNumber},
    {"exit_code", Kind::kNumber, 6},
    {"signal", Kind::kSignal, 7},
    {"state", Kind::kString},
};

constexpr size_t ColumnOf(std::string_view name) {
  size_t column = 0;
  while (kColumns[column].name != name) ++column;
  return column;
}
constexpr size_t kDepth = ColumnOf("depth");
constexpr size_t kTree = ColumnOf("tree");
constexpr size_t kComm = ColumnOf("comm");
constexpr size_t kTotalCpu = ColumnOf("total_cpu_us");
constexpr size_t kDescendants = ColumnOf("descendants");

// All others of list stand behind them, for whoever asks.
std::vector<Column> Columns() {
  std::vector<Column> columns(std::begin(kColumns), std::end(kColumns));
  for (Column column : kLifeColumns) {
    const bool is_there =
        std::ranges::find(kColumns, column.name, &Column::name) != std::end(kColumns);
    if (is_there || column.shown == Shown::kNever || column.shown == Shown::kSalvaged) continue;
    column.text_place = 0;
    column.shown = Shown::kOnRequest;
    columns.push_back(column);
  }
  return columns;
}

Result<std::vector<Column>> ColumnsFor(const Wishes&) { return Columns(); }

// Of a node: so many do not fit into memory.
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// Deeper than this, the branches are not drawn: a line would be as long as the tree is deep.
constexpr size_t kMaxDrawnDepth = 32;

// What is kept of a life that is shown, with its birth.
struct Node {
  const char* packed = nullptr;  // cells of its row
  uint64_t parent_start_ns = 0;
  uint32_t ppid = 0;
  bool has_parent = false;  // that is told
  uint32_t first_child = kNone;
  uint32_t next_sibling = kNone;
  Subtree subtree;
};

// By which they are in order, and found.
struct Birth {
  uint64_t start_ns = 0;
  uint32_t pid = 0;
  uint32_t boot = 0;  // its number
  uint32_t node = 0;
  auto operator<=>(const Birth&) const = default;
};

class Forest {
 public:
  Forest(const Question& question, const Table& table);

  // Each life, shown or not.
  void Add(const Boot& boot, const Life& life) { last_ = subtrees_.Add(boot, life); }
  // The one that was added last.
  void Show(const Boot& boot, const Life& life);
  // Call once, after the last life.
  void Plant();
  void FillTable(Table& table) const;

 private:
  uint32_t NumberOf(const Boot& boot);
  uint32_t FindParent(const Birth& birth) const;
  uint32_t NextBehind(std::vector<uint32_t>* path) const;

  const std::vector<Column> columns_ = Columns();
  // Of the columns; nullptr of the tree's own, and of one that nobody looks at.
  std::vector<const LifeField*> fields_;
  LifeTexts life_texts_;
  Subtrees subtrees_;
  Subtree last_;
  std::deque<Node> nodes_;          // a vector's memory is twice as much while it grows
  std::vector<Birth> births_;       // of each of them; Plant() sorts them: parents before children
  std::vector<const Boot*> boots_;  // by their numbers
  std::unordered_map<const Boot*, uint32_t> numbers_;
  uint32_t first_root_ = kNone;
  Arena rows_;
  RepeatedTexts texts_;
  ByteBuffer row_;
};

Forest::Forest(const Question& question, const Table& table)
    : life_texts_(question.zone, question.log.window()) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const bool is_kept = table.Uses(i) || i == kComm;  // with which the tree is drawn
    fields_.push_back(is_kept ? FindLifeField(columns_[i].name) : nullptr);
  }
}

void Forest::Show(const Boot& boot, const Life& life) {
  row_.Clear();
  for (const LifeField* field : fields_) {
    if (field != nullptr) PackCell(field->get(boot, life, life_texts_), &texts_, &row_);
  }
  births_.push_back({.start_ns = life.start_ns,
                     .pid = life.pid,
                     .boot = NumberOf(boot),
                     .node = static_cast<uint32_t>(nodes_.size())});
  nodes_.push_back({.packed = rows_.Keep(row_.text()).data(),
                    .parent_start_ns = life.parent_start_ns.value_or(0),
                    .ppid = life.ppid.value_or(0),
                    .has_parent = life.ppid && life.parent_start_ns,
                    .subtree = last_});
}

uint32_t Forest::NumberOf(const Boot& boot) {
  const auto [known, is_new] = numbers_.try_emplace(&boot, static_cast<uint32_t>(boots_.size()));
  if (is_new) boots_.push_back(&boot);
  return known->second;
}

void Forest::Plant() {
  subtrees_.Finish();
  std::ranges::sort(births_);
  // Backwards, so that each is put in front of its younger siblings.
  for (auto birth = births_.rbegin(); birth != births_.rend(); ++birth) {
    Node& node = nodes_[birth->node];
    node.subtree.Add(subtrees_.LateOf({boots_[birth->boot], birth->pid, birth->start_ns}));
    const uint32_t parent = FindParent(*birth);
    uint32_t& first = parent == kNone ? first_root_ : nodes_[parent].first_child;
    node.next_sibling = first;
    first = birth->node;
  }
}

// kNone where it is not shown, or where it is not born before: a forged log could make a ring.
uint32_t Forest::FindParent(const Birth& birth) const {
  const Node& node = nodes_[birth.node];
  if (!node.has_parent) return kNone;
  Birth parent{.start_ns = node.parent_start_ns, .pid = node.ppid, .boot = birth.boot};
  const auto found = std::ranges::lower_bound(births_, parent);
  if (found == births_.end()) return kNone;
  parent.node = found->node;
  return *found == parent && parent < birth ? parent.node : kNone;
}

// The next one in the order of rows, of which `path` leads from a root to the last one; it is left
// at the parent of the next one.
uint32_t Forest::NextBehind(std::vector<uint32_t>* path) const {
  uint32_t next = nodes_[path->back()].first_child;
  while (next == kNone && !path->empty()) {
    next = nodes_[path->back()].next_sibling;
    path->pop_back();
  }
  return next;
}

// What is drawn before each node, "│  └─ ", in an order in which its parent comes first.
class Branches {
 public:
  void AppendTo(const Node& node, size_t depth, std::string* out) {
    if (depth > kMaxDrawnDepth) {
      out->append("(depth ").append(std::to_string(depth)).append(") ");
    } else if (depth != 0) {
      const bool is_last = node.next_sibling == kNone;
      lines_.resize(ends_[depth]);
      out->append(lines_).append(is_last ? "└─ " : "├─ ");
      lines_.append(is_last ? "   " : "│  ");
      ends_[depth + 1] = lines_.size();
    }
  }

 private:
  std::string lines_;  // beside the children of the last node
  // Of them, those beside nodes of each depth.
  std::array<size_t, kMaxDrawnDepth + 2> ends_{};
};

void Forest::FillTable(Table& table) const {
  std::vector<Cell> row(columns_.size());
  Branches branches;
  std::string drawing;
  size_t shown = 0;
  std::vector<uint32_t> path;  // from a root to the node
  for (uint32_t i = first_root_; i != kNone; i = NextBehind(&path)) {
    if (table.full()) return table.LeaveOut(nodes_.size() - shown);
    ++shown;
    const size_t depth = path.size();
    path.push_back(i);
    const Node& node = nodes_[i];
    const char* packed = node.packed;
    for (size_t column = 0; column < row.size(); ++column) {
      if (fields_[column] != nullptr) packed = UnpackCell(packed, &texts_, &row[column]);
    }
    const auto* comm = std::get_if<Text>(&row[kComm]);
    drawing.clear();
    branches.AppendTo(node, depth, &drawing);
    drawing.append(comm != nullptr ? comm->bytes : "-");
    row[kDepth] = uint64_t{depth};
    row[kTree] = Text{drawing};
    const Subtree& subtree = node.subtree;
    row[kTotalCpu] = subtree.known != 0 ? Cell(subtree.cpu_us) : Cell();
    row[kDescendants] = subtree.lives - 1;
    table.Add(row);
  }
}

// What a process costs with all below does not depend on what else is asked for.
Result<Answer> RunTree(const Question& question, Table& table) {
  Forest forest(question, table);
  const Coverage coverage = ReadLives(
      question,
      [&](const Boot& boot, const Life& life) {
        forest.Show(boot, life);
        return LifeUse::kUsed;
      },
      [&](const Boot& boot, const Life& life) { forest.Add(boot, life); });
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
    .columns_for = ColumnsFor,
    .default_sort = "",
    .skips = LogSet::Skips::kBoots,
    .has_window_rule = true,
    .has_filter = true,
    .run = RunTree,
};

}  // namespace daybook
