#include "time/window_text.h"

namespace daybook {

void AppendSpan(const Window& window, const LocalZone& zone, std::string* out) {
  if (window.since_ns) {
    zone.AppendForPeople(*window.since_ns, out);
  } else {
    out->append("the beginning");
  }
  out->append(" to ");
  if (window.until_ns) {
    zone.AppendForPeople(*window.until_ns, out);
  } else {
    out->append("now");
  }
}

}  // namespace daybook
