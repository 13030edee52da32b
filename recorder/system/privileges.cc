#include "system/privileges.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace daybook {
namespace {

std::optional<Account> LookUp(const std::string& name) {
  const passwd* const entry = getpwnam(name.c_str());
  if (entry == nullptr) return std::nullopt;
  return Account{.name = name, .uid = entry->pw_uid, .gid = entry->pw_gid};
}

}  // namespace

Result<std::optional<Account>> FindAccount(const std::string& name) {
  if (!name.empty()) {
    if (auto account = LookUp(name)) return account;
    return Error("no user " + name + " on this host: create it, or give another with --user");
  }
  if (geteuid() != 0) return std::optional<Account>();
  for (const char* candidate : {"daybook", "nobody"}) {
    if (auto account = LookUp(candidate)) return account;
  }
  return Error("neither user daybook nor nobody exists: create one, or give another with --user");
}

// By descriptor: whoever owns the folder above could put a link in the place of ours meanwhile.
Status PrepareLogFolder(const std::string& path, const std::optional<Account>& account) {
  if (mkdir(path.c_str(), 0750) != 0) {
    if (errno == EEXIST) return Ok{};
    return Error::FromErrno("cannot create the log folder " + path, errno);
  }
  if (!account) return Ok{};
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const bool given = fd >= 0 && fchown(fd, account->uid, account->gid) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (given) return Ok{};
  return Error::FromErrno("cannot give the log folder " + path + " to " + account->name, error);
}

Status DropPrivileges(const std::optional<Account>& account) {
  capng_clear(CAPNG_SELECT_BOTH);
  if (account && account->uid != geteuid()) {
    const auto flags = static_cast<capng_flags_t>(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
    const int failed =
        capng_change_id(static_cast<int>(account->uid), static_cast<int>(account->gid), flags);
    if (failed != 0) return Error::FromErrno("cannot become user " + account->name, errno);
  } else if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
    return Error::FromErrno("cannot drop capabilities", errno);
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Error::FromErrno("cannot forbid new privileges", errno);
  }
  return Ok{};
}

}  // namespace daybook
