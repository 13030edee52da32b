// What the recorder gives up once its source and its folder are open.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "daybook/result.h"

namespace daybook {

struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

// The account to record as: `name`; else, when started by root, "daybook" or "nobody"; nullopt when
// started by anybody else, who stays who they are.
Result<std::optional<Account>> FindAccount(const std::string& name);

// Creates the folder where it is missing, and then gives it to `account`. One that exists is left
// as it is.
Status PrepareLogFolder(const std::string& path, const std::optional<Account>& account);

// Changes to `account`, drops every capability for good and forbids gaining any by exec.
Status DropPrivileges(const std::optional<Account>& account);

}  // namespace daybook
