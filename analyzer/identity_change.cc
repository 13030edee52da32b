#include "identity_change.h"

#include <optional>
#include <utility>

#include "program_chain.h"

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

// What it ran from that number of start on.
IdentityChange::Program ProgramOf(const Life& life, size_t number) {
  const auto starts = std::as_const(*life.programs).starts();
  const bool is_newest = number + 1 == starts.size();
  return {.comm = is_newest ? &life.identity.comm : &starts[number].identity.comm,
          .image = starts[number].image.get()};
}

// An exec leaves the real user as it is: that was changed before it. The effective one it may
// change alone, as a set-user-ID program's does.
enum class Maker : uint8_t { kBefore, kExec, kUnknown };

Maker MakerOfEffective(const Identity& before, const Identity& behind) {
  if (!before.uid || !behind.uid) return Maker::kUnknown;
  if (*before.uid != *behind.uid) return Maker::kBefore;
  // Root, or who acts as another one already, may also have done it before the exec.
  const bool could_not_before = *before.uid != 0 && before.euid == before.uid;
  return could_not_before ? Maker::kExec : Maker::kUnknown;
}

std::optional<IdentityChange::Program> FindProgram(const IdentityChange& change, const Life& life,
                                                   std::optional<uint32_t> Identity::*id) {
  if (!life.programs) {
    if (life.execs != 0U) return std::nullopt;
    return IdentityChange::Program{.comm = &life.identity.comm, .image = life.image.get()};
  }
  const auto starts = std::as_const(*life.programs).starts();
  size_t first = starts.size();  // that began as whom it became, as all behind it did
  while (first != 0 && starts[first - 1].identity.*id == change.to_uid) --first;
  if (first == 0 || !(starts[first - 1].identity.*id)) return std::nullopt;
  const bool may_be_by_exec = first != starts.size() && id == &Identity::euid;
  const Maker maker = may_be_by_exec
                          ? MakerOfEffective(starts[first - 1].identity, starts[first].identity)
                          : Maker::kBefore;
  if (maker == Maker::kUnknown) return std::nullopt;
  const size_t number = maker == Maker::kExec ? first : first - 1;
  if (starts[number].count != 1U) return std::nullopt;
  return ProgramOf(life, number);
}

}  // namespace

std::vector<IdentityChange> FindIdentityChanges(const Life& life) {
  std::vector<IdentityChange> changes;
  auto real = RealChange(life);
  auto effective = EffectiveChange(life);
  if (real) real->by = FindProgram(*real, life, &Identity::uid);
  if (effective) effective->by = FindProgram(*effective, life, &Identity::euid);
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
