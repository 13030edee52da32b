#include "lives/program_chain.h"

#include <algorithm>
#include <utility>

namespace daybook {

void ProgramChain::Add(ProgramStart start) {
  const auto is_behind = [&](const ProgramStart& other) { return other.since_ns > start.since_ns; };
  const auto next = std::find_if(starts_.begin() + 1, starts_.end(), is_behind);
  ProgramStart& before = *std::prev(next);
  if (before.count != 1U && &before != &starts_.front()) {
    *before.count += *start.count;
    return;
  }
  starts_.insert(next, std::move(start));
  if (starts_.size() <= kMostFirst + 1 + kMostNewest) return;
  const auto between = starts_.begin() + kMostFirst;
  ProgramStart& many = *between;
  many = {.since_ns = many.since_ns,
          .image = {},
          .identity = {},
          .cpu_us = many.cpu_us,
          .count = *many.count + *between[1].count};
  starts_.erase(between + 1);
}

void ProgramChain::SetFirst(const LocalPointer<const Image>& image,
                            const std::optional<std::string>& comm) {
  ProgramStart& first = starts_.front();
  if (!first.image) first.image = image;
  if (!first.identity.comm) first.identity.comm = comm;
}

const ProgramStart& ProgramChain::At(uint64_t time_ns) const {
  const auto next =
      std::find_if(starts_.begin() + 1, starts_.end(),
                   [&](const ProgramStart& start) { return start.since_ns > time_ns; });
  return *std::prev(next);
}

// What it ran up to now; a late record does not tell what that was, nor does a snapshot that may
// have met what it runs since.
void LifeBuilder::EndProgram(const Exec& exec, Open* open) const {
  Life& life = open->life;
  const bool is_newer =
      exec.time_ns >= open->newest_ns && !IsUpTo(exec.time_ns, open->shown_until_ns);
  if (life.programs) {
    ProgramStart& last = life.programs->starts().back();
    if (is_newer && last.since_ns <= exec.time_ns) last.identity.comm = life.identity.comm;
    return;
  }
  life.programs = boost::make_local_shared<ProgramChain>();
  ProgramStart& first = life.programs->starts().front();
  first.cpu_us = 0;
  const bool is_known = open->has_inherited ? open->untold_exec_ns == 0 : is_newer;
  if (is_known) first.image = life.image;
  if (is_newer) first.identity = life.identity;
  if ((life.flags & kProcNeverExeced) == 0) first.count.reset();
}

// `newest`: its image, where no newer one is known.
void LifeBuilder::BeginProgram(const Exec& exec, LocalPointer<const Image> newest, Open* open) {
  ProgramStart start{.since_ns = exec.time_ns,
                     .image = newest ? std::move(newest) : MakeImage(ProgramOf(exec)),
                     .identity = {},
                     .cpu_us = exec.cpu_us};
  start.identity = {.uid = exec.uid,
                    .euid = exec.euid,
                    .gid = exec.gid,
                    .sid = exec.sid,
                    .tty = exec.tty,
                    .cgroup_id = exec.cgroup_id,
                    .comm = {}};
  if (exec.comm) start.identity.comm.emplace(*exec.comm);
  open->life.programs->Add(std::move(start));
}

// What the parent ran then: it may have gone on to other programs since, and so may the child.
void LifeBuilder::InheritEarlier(const Life& parent, uint64_t fork_ns, Open* child) {
  const LocalPointer<const Image>* image = &parent.image;
  const std::optional<std::string>* comm = &parent.identity.comm;
  if (parent.programs) {
    const ProgramStart& then = parent.programs->At(fork_ns);
    const bool is_newest = &then == &parent.programs->starts().back();
    image = is_newest ? image : &then.image;
    comm = is_newest ? comm : &then.identity.comm;
  }
  if (*image && (*image)->since_ns > fork_ns) return;
  const bool runs_it_first = child->life.programs && child->untold_exec_ns == 0;
  if (runs_it_first) child->life.programs->SetFirst(*image, *comm);
  InheritProgram(*image, *comm, child);
}

// Only of one whose birth is told, or that had not executed anything when it was seen, the first
// one is all up to its first exec.
void LifeBuilder::CountPrograms(Open* open) {
  Life& life = open->life;
  ProgramStart& first = life.programs->starts().front();
  if (open->untold_exec_ns != 0) return first.count.reset();
  if (!life.birth_seen) return;
  first.count = 1;
  if (life.birth_uid) first.identity.uid = life.birth_uid;
  if (life.birth_euid) first.identity.euid = life.birth_euid;
}

}  // namespace daybook
