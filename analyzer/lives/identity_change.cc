#include "lives/identity_change.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "lives/program_chain.h"

namespace daybook {
namespace {

constexpr size_t kMaxShownAncestors = 8;
constexpr std::string_view kSetuid = "setuid";
constexpr std::string_view kEffective = "effective";

bool Differ(const std::optional<uint32_t>& a, const std::optional<uint32_t>& b) {
  return a && b && *a != *b;
}

std::span<const ProgramStart> StartsOf(const Life& life) {
  if (!life.programs) return {};
  return std::as_const(*life.programs).starts();
}

// Of one that is older than the log, its real user is taken for that which it acted as before.
Identity IdentityAtBirth(const Life& life) {
  const auto starts = StartsOf(life);
  auto uid = starts.empty() ? life.identity.uid : starts.front().identity.uid;
  auto euid = uid;
  const auto first = std::ranges::min_element(life.user_changes, {}, &UserChange::time_ns);
  if (first != life.user_changes.end() && (starts.empty() || !uid)) {
    uid = first->from_uid;
    euid = first->from_euid;
  }
  return {.uid = life.birth_uid ? life.birth_uid : uid,
          .euid = life.birth_euid ? life.birth_euid : euid,
          .comm = {}};
}

// Nearly all are the same from birth to end.
bool IsAlwaysTheSame(const Life& life, const Identity& at_birth) {
  if (!at_birth.uid || !at_birth.euid || !life.user_changes.empty()) return false;
  const auto is_same = [&](const Identity& identity) {
    return !Differ(identity.uid, at_birth.uid) && !Differ(identity.euid, at_birth.euid);
  };
  return is_same(life.identity) &&
         std::ranges::all_of(StartsOf(life), is_same, &ProgramStart::identity);
}

// An exec leaves the real user as it is: that was changed before it. The effective one it may
// change alone, as a set-user-ID program's does.
enum class Maker : uint8_t { kBefore, kExec, kUnknown };

Maker MakerOfEffective(const Identity& before, const Identity& behind) {
  if (!before.uid || before.uid != behind.uid) return Maker::kUnknown;
  // Root, or who acts as another one already, may also have done it before the exec.
  const bool could_not_before = *before.uid != 0 && before.euid == before.uid;
  return could_not_before ? Maker::kExec : Maker::kUnknown;
}

// From one exec to the next, over the changes that are told in between, and at last to what it was
// when it ended.
class IdentityWalk {
 public:
  IdentityWalk(const Life& life, const Identity& at_birth)
      : life_(life),
        starts_(StartsOf(life)),
        told_(life.user_changes),
        real_{.id = at_birth.uid, .time_ns = life.start_ns},
        effective_{.id = at_birth.euid, .time_ns = life.start_ns} {
    std::ranges::stable_sort(told_, {}, &UserChange::time_ns);
  }

  std::vector<IdentityChange> Run() {
    const size_t programs = std::max<size_t>(starts_.size(), 1);
    auto told = told_.cbegin();
    for (size_t i = 0; i + 1 < programs; ++i) {
      while (told != told_.cend() && told->time_ns < starts_[i + 1].since_ns) Change(i, *told++);
      Step(i, starts_[i + 1].identity, &starts_[i + 1]);
    }
    while (told != told_.cend()) Change(programs - 1, *told++);
    Step(programs - 1, life_.identity, nullptr);
    return std::move(changes_);
  }

 private:
  // What was known of one of its ids last.
  struct Known {
    std::optional<uint32_t> id;
    uint64_t time_ns;
    bool is_old = false;  // behind an exec since then it is not known
  };

  // At its moment; but from what it was before, where that is not known.
  void Change(size_t number, const UserChange& told) {
    if (Differ(real_.id, told.to_uid)) {
      const bool is_known = !real_.is_old;
      AddReal({.from_uid = *real_.id,
               .to_uid = *told.to_uid,
               .how = kSetuid,
               .first_ns = is_known ? told.time_ns : real_.time_ns,
               .last_ns = told.time_ns,
               .by = is_known ? ProgramThen(number) : std::nullopt});
    }
    const Identity before{.uid = real_.id, .euid = effective_.id, .comm = {}};
    const Identity behind{
        .uid = told.to_uid ? told.to_uid : real_.id, .euid = told.to_euid, .comm = {}};
    if (Differ(effective_.id, behind.euid) && behind.euid != behind.uid) {
      // The kernel tells it just before the exec that makes it.
      const bool by_exec = number + 1 < starts_.size() && !real_.is_old && !effective_.is_old &&
                           MakerOfEffective(before, behind) == Maker::kExec;
      changes_.push_back({.from_uid = *effective_.id,
                          .to_uid = *behind.euid,
                          .how = kEffective,
                          .first_ns = effective_.is_old ? effective_.time_ns : told.time_ns,
                          .last_ns = told.time_ns,
                          .by = effective_.is_old ? std::nullopt : ProgramThen(number + by_exec)});
    }
    if (told.to_uid) Learn(told.to_uid, told.time_ns, &real_);
    if (told.to_euid) Learn(told.to_euid, told.time_ns, &effective_);
  }

  // Over what that program ran: to what it was behind `exec`, or at last.
  void Step(size_t number, const Identity& behind, const ProgramStart* exec) {
    const Identity before{.uid = real_.is_old ? std::nullopt : real_.id,
                          .euid = effective_.is_old ? std::nullopt : effective_.id,
                          .comm = {}};
    const uint64_t until_ns =
        exec != nullptr ? exec->since_ns : life_.end_ns.value_or(life_.last_seen_ns);
    if (Differ(real_.id, behind.uid)) {
      const bool is_known = !real_.is_old;
      AddReal({.from_uid = *real_.id,
               .to_uid = *behind.uid,
               .how = kSetuid,
               .first_ns = real_.time_ns,
               .last_ns = until_ns,
               .by = is_known ? ProgramAt(number) : std::nullopt});
    }
    if (Differ(effective_.id, behind.euid) && behind.euid != behind.uid) {
      AddEffective(number, *behind.euid,
                   exec != nullptr ? MakerOfEffective(before, behind) : MakerAtLast(), until_ns);
    }
    Learn(behind.uid, until_ns, &real_);
    Learn(behind.euid, until_ns, &effective_);
  }

  Maker MakerAtLast() const { return effective_.is_old ? Maker::kUnknown : Maker::kBefore; }

  void AddReal(IdentityChange change) {
    const bool followed = !changes_.empty() && changes_.back().how == kEffective &&
                          changes_.back().from_uid == change.from_uid &&
                          changes_.back().to_uid == change.to_uid && effective_.id == change.to_uid;
    if (followed) changes_.pop_back();
    changes_.push_back(std::move(change));
  }

  void AddEffective(size_t number, uint32_t to_uid, Maker maker, uint64_t until_ns) {
    IdentityChange change{.from_uid = *effective_.id,
                          .to_uid = to_uid,
                          .how = kEffective,
                          .first_ns = maker == Maker::kExec ? until_ns : effective_.time_ns,
                          .last_ns = until_ns};
    if (maker == Maker::kBefore) change.by = ProgramAt(number);
    if (maker == Maker::kExec) change.by = ProgramAt(number + 1);
    changes_.push_back(std::move(change));
  }

  static void Learn(const std::optional<uint32_t>& id, uint64_t time_ns, Known* known) {
    if (id) {
      *known = {.id = id, .time_ns = time_ns};
    } else {
      known->is_old = true;
    }
  }

  // At a moment that is told no other one was run than the one that is known.
  std::optional<IdentityChange::Program> ProgramThen(size_t number) const {
    if (!starts_.empty()) return ProgramAt(number);
    return IdentityChange::Program{.comm = &life_.identity.comm, .image = life_.image};
  }

  // Nothing where several may have been run in its place.
  std::optional<IdentityChange::Program> ProgramAt(size_t number) const {
    if (starts_.empty()) {
      if (life_.execs != 0U) return std::nullopt;
      return IdentityChange::Program{.comm = &life_.identity.comm, .image = life_.image};
    }
    const ProgramStart& start = starts_[number];
    if (start.count != 1U) return std::nullopt;
    const bool is_newest = &start == &starts_.back();
    return IdentityChange::Program{.comm = is_newest ? &life_.identity.comm : &start.identity.comm,
                                   .image = start.image};
  }

  const Life& life_;
  std::span<const ProgramStart> starts_;
  std::vector<UserChange> told_;  // in the order of time
  Known real_;
  Known effective_;
  std::vector<IdentityChange> changes_;
};

}  // namespace

std::vector<IdentityChange> FindIdentityChanges(const Life& life) {
  const Identity at_birth = IdentityAtBirth(life);
  if (IsAlwaysTheSame(life, at_birth)) return {};
  return IdentityWalk(life, at_birth).Run();
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
