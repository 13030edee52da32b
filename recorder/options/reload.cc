#include "options/reload.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "options/options_text.h"

namespace daybook {
namespace {

// Of "name = value", or of "# name: not set".
std::string_view NameIn(std::string_view line) {
  if (line.starts_with("# ")) line.remove_prefix(2);
  return line.substr(0, line.find_first_of(" :"));
}

}  // namespace

Options TakenOver(Options started, const Options& now) {
  started.segment_bytes = now.segment_bytes;
  started.segment_age_ns = now.segment_age_ns;
  started.max_bytes = now.max_bytes;
  started.min_free_bytes = now.min_free_bytes;
  started.max_age_ns = now.max_age_ns;
  started.mask_words = now.mask_words;
  // Of what is fetched; perhaps more than at the last reload.
  started.args = std::min(started.args, now.args);
  started.args_max_bytes = std::min(started.args_max_bytes, now.args_max_bytes);
  return started;
}

std::string DifferentSettings(const Options& running, const Options& now) {
  std::istringstream running_lines(OptionsText(running));
  std::istringstream now_lines(OptionsText(now));
  std::string names;
  std::string a;
  std::string b;
  while (std::getline(running_lines, a) && std::getline(now_lines, b)) {
    if (a == b) continue;
    names.append(names.empty() ? "" : ", ").append(NameIn(b));
  }
  return names;
}

}  // namespace daybook
