// Who became somebody else, and below whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lives/lives.h"

namespace daybook {

struct IdentityChange {
  uint32_t from_uid;
  uint32_t to_uid;
  std::string_view how;  // "setuid" or "effective"
  // Between these moments, in nanoseconds since boot: the same one where an exec made it, or it was
  // told with its time.
  uint64_t first_ns;
  uint64_t last_ns;
  // Which of the life's programs made it, or was made it by its exec; nothing where that is not
  // known. Its name points into the life.
  struct Program {
    const std::optional<std::string>* comm;
    LocalPointer<const Image> image;  // null where it is not known
  };
  std::optional<Program> by = std::nullopt;
};

// One behind the other, each by what is known from one exec, or change that is told, to the next.
// setuid: its real user became another one. effective: it came to act as another one than its real
// user, as a set-user-ID program does; where the real user followed, that is one change, and to act
// as oneself again is none. Of a life that was read for all its programs.
std::vector<IdentityChange> FindIdentityChanges(const Life& life);

// "bash < sshd < systemd"
void AppendAncestors(const Life& life, std::string* out);

}  // namespace daybook
