#include "groups/life_stacks.h"

#include "columns/life_cells.h"
#include "text/escape.h"

namespace daybook {
namespace {

void AppendFrame(const Cell& name, std::string* out) {
  if (const auto* text = std::get_if<Text>(&name)) return AppendStackFrame(text->bytes, out);
  out->append(kUnknownFrame);
}

}  // namespace

void LifeStacks::Add(const Boot& boot, const Life& life, uint64_t value) {
  line_.clear();
  const Life* at = &life;
  for (; at != nullptr && line_.size() <= kMaxAncestors; at = at->parent.get()) line_.push_back(at);
  is_cut_ = at != nullptr;
  const auto node = Find(boot);
  std::optional<uint64_t>& sum = node ? nodes_[*node].value : other_;
  sum = sum.value_or(0) + value;
}

// That of the line.
std::optional<size_t> LifeStacks::Find(const Boot& boot) {
  std::optional<size_t> node = kNone;
  if (hosts_ == Hosts::kShown) node = Enter(*node, boot.host ? Cell(Text{*boot.host}) : Cell());
  if (node && (is_cut_ || !IsFirst(*line_.back()))) node = Enter(*node, Cell());
  for (size_t i = line_.size(); node && i-- > 0;) node = Enter(*node, CommCell(*line_[i]));
  return node;
}

std::optional<size_t> LifeStacks::Enter(size_t parent, const Cell& name) {
  if (names_.size() > 2 * most_frames_) return std::nullopt;
  const Place place{.parent = parent, .name = names_.Find(name)};
  const auto found = places_.find(place);
  if (found != places_.end()) return found->second;
  if (nodes_.size() == most_frames_) return std::nullopt;
  nodes_.push_back({.place = place, .value = {}});
  return places_[place] = nodes_.size() - 1;
}

std::string LifeStacks::StackOf(size_t node) const {
  std::vector<size_t> names;
  for (; node != kNone; node = nodes_[node].place.parent) names.push_back(nodes_[node].place.name);
  std::string stack;
  for (; !names.empty(); names.pop_back()) {
    if (!stack.empty()) stack += ';';
    AppendFrame(names_.Cells(names.back()).front(), &stack);
  }
  return stack;
}

}  // namespace daybook
