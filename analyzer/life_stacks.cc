#include "life_stacks.h"

#include "escape.h"
#include "life_cells.h"

namespace daybook {
namespace {

void AppendFrame(const Cell& name, std::string* out) {
  if (const auto* text = std::get_if<Text>(&name)) return AppendStackFrame(text->bytes, out);
  out->append(kUnknownFrame);
}

}  // namespace

void LifeStacks::Add(const Boot& boot, const Life& life, uint64_t value) {
  const Life* at = &life;
  for (; at != nullptr && line_.size() <= kMaxAncestors; at = at->parent.get()) line_.push_back(at);
  size_t node = kNone;
  if (hosts_ == Hosts::kShown) node = Enter(node, boot.host ? Cell(Text{*boot.host}) : Cell());
  if (at != nullptr || !IsFirst(*line_.back())) node = Enter(node, Cell());
  for (; !line_.empty(); line_.pop_back()) node = Enter(node, CommCell(*line_.back()));
  nodes_[node].value = nodes_[node].value.value_or(0) + value;
}

size_t LifeStacks::Enter(size_t parent, const Cell& name) {
  const Place place{.parent = parent, .name = names_.Find(name)};
  const auto [found, is_new] = places_.try_emplace(place, nodes_.size());
  if (is_new) nodes_.push_back({.place = place, .value = {}});
  return found->second;
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
