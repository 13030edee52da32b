#include "identity_change.h"

#include <optional>

namespace daybook {
namespace {

constexpr size_t kMaxShownAncestors = 8;

std::optional<IdentityChange> RealChange(const Life& life) {
  const auto& from = life.birth_uid;
  const auto& to = life.identity.uid;
  if (!from || !to || *from == *to) return std::nullopt;
  return IdentityChange{.from_uid = *from, .to_uid = *to, .how = "setuid"};
}

// Of one that is older than the log, its real user is taken for that which it acted as.
std::optional<IdentityChange> EffectiveChange(const Life& life) {
  const auto& from = life.birth_euid ? life.birth_euid : life.identity.uid;
  const auto& to = life.identity.euid;
  if (!from || !to || *from == *to) return std::nullopt;
  return IdentityChange{.from_uid = *from, .to_uid = *to, .how = "effective"};
}

}  // namespace

std::vector<IdentityChange> FindIdentityChanges(const Life& life) {
  std::vector<IdentityChange> changes;
  const auto real = RealChange(life);
  const auto effective = EffectiveChange(life);
  if (real) changes.push_back(*real);
  if (effective && !(real && effective->to_uid == real->to_uid)) changes.push_back(*effective);
  return changes;
}

void AppendAncestors(const Life& life, std::string* out) {
  const Life* at = life.parent.get();
  for (size_t shown = 0; at != nullptr; at = at->parent.get(), ++shown) {
    if (shown != 0) out->append(" < ");
    if (shown == kMaxShownAncestors) {
      out->append("...");
      return;
    }
    out->append(at->identity.comm.value_or("?"));
  }
}

}  // namespace daybook
