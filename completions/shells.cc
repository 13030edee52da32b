#include "shells.h"

#include <cstdio>
#include <string_view>

namespace daybook {

int PrintScript(const Command& program, int argc, char** argv) {
  const std::string_view shell = argc == 2 ? argv[1] : "";
  std::string script;
  if (shell == "bash") script = BashScript(program);
  if (shell == "zsh") script = ZshScript(program);
  if (shell == "fish") script = FishScript(program);
  if (script.empty()) {
    std::fprintf(stderr, "usage: %s bash|zsh|fish\n", argv[0]);
    return 2;
  }
  return std::fwrite(script.data(), 1, script.size(), stdout) == script.size() ? 0 : 1;
}

}  // namespace daybook
