#include "options/user_names.h"

#include <map>

#include "system/privileges.h"

namespace daybook {
namespace {

UserNames looked_up_as = UserNames::kLookUp;

std::map<std::string, uint32_t>& Known() {
  static std::map<std::string, uint32_t> known;
  return known;
}

}  // namespace

void LookUpUsers(UserNames names) { looked_up_as = names; }

Result<uint32_t> FindUser(const std::string& name) {
  const auto known = Known().find(name);
  if (known != Known().end()) return known->second;
  if (looked_up_as == UserNames::kAsKnown) {
    return Error("user " + name +
                 " can be looked up at the start only: give the number, or restart");
  }
  const auto account = FindAccount(name);
  if (name.empty() || !account || !*account) return Error("no such user: " + name);
  return Known()[name] = (*account)->uid;
}

}  // namespace daybook
