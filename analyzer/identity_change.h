// Who became somebody else, and below whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lives.h"

namespace daybook {

struct IdentityChange {
  uint32_t from_uid;
  uint32_t to_uid;
  std::string_view how;  // "setuid" or "effective"
  // Which of the life's programs made it, or was made it by its exec; nothing where that is not
  // known. Points into the life.
  struct Program {
    const std::optional<std::string>* comm;
    const Image* image;  // nullptr where it is not known
  };
  std::optional<Program> by = std::nullopt;
};

// setuid: its real user is another one than at birth. effective: it acts as another one than at
// birth, as a set-user-ID program does. Where the effective user only went along with the real one,
// that is one change. Of a life that was read for all its programs.
std::vector<IdentityChange> FindIdentityChanges(const Life& life);

// "bash < sshd < systemd"
void AppendAncestors(const Life& life, std::string* out);

}  // namespace daybook
