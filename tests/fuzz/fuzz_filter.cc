// Any text whatever is a filter or a message about it, and what is a filter judges any life.
#include <string_view>

#include "columns/life_fields.h"
#include "filter/expression.h"
#include "sound_reading.h"

namespace daybook {
namespace {

// One that ended, below one that runs, of which the log tells little.
struct Lives {
  Lives() {
    parent->pid = 1;
    child.pid = 200;
    child.start_ns = 5'000'000'000;
    child.ppid = 1;
    child.parent_start_ns = 0;
    child.parent = ParentLife(parent);
    child.state = LifeState::kEnded;
    child.end_ns = 6'000'000'000;
    child.wait_status = 11 | 0x80;
    child.identity.uid = 0;
    child.identity.comm = "cc";
    child.usage.cpu_us = 1000;
  }

  const Boot boot;
  const LocalPointer<Life> parent = boost::make_local_shared<Life>();
  Life child;
};

void JudgeBy(std::string_view text) {
  const LocalZone zone = LocalZone::Utc();
  Filter filter;
  const Status status = filter.Require(text, {.now_ns = 1'790'000'000'000'000'000, .zone = zone});
  if (!status) return Require(!status.error().message().empty());
  const Lives lives;
  LifeTexts texts(zone);
  const Truth truth = filter.Judge(lives.boot, lives.child, texts);
  Require(filter.Judge(lives.boot, lives.child, texts) == truth);
  (void)filter.Judge(lives.boot, *lives.parent, texts);
  (void)filter.IsAboutEnd();
}

}  // namespace
}  // namespace daybook

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  daybook::JudgeBy({reinterpret_cast<const char*>(data), size});
  return 0;
}
