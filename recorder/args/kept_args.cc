#include "args/kept_args.h"

namespace daybook {

std::optional<std::string_view> KeptArgs::operator()(std::string_view args) {
  switch (mode_) {
    case ArgsMode::kNone:
      return std::nullopt;
    case ArgsMode::kArgv0: {
      const size_t end = args.find('\0');
      if (end != args.npos) args = args.substr(0, end + 1);
      break;
    }
    case ArgsMode::kMasked:
      args = mask_.Apply(args);
      break;
    case ArgsMode::kFull:
      break;
  }
  return args.substr(0, max_bytes_);
}

}  // namespace daybook
