#include "lives/item_stream.h"

#include <system_error>
#include <utility>

namespace daybook {
namespace {

// Where this user may have no more threads, an answer that takes longer is one, too.
std::future<Result<SegmentReader>> Begin(ItemStream::OpenFunction open, ItemStream::Mode mode) {
  if (mode == ItemStream::Mode::kAhead) {
    try {
      return std::async(std::launch::async, open);
    } catch (const std::system_error&) {
      // As below.
    }
  }
  return std::async(std::launch::deferred, std::move(open));
}

}  // namespace

ItemStream::ItemStream(OpenFunction open, Mode mode) : opening_(Begin(std::move(open), mode)) {}

const Status& ItemStream::Opened() {
  if (opened_) return *opened_;
  auto reader = opening_.get();
  if (reader) {
    reader_.emplace(*std::move(reader));
    opened_.emplace(Ok{});
  } else {
    opened_.emplace(std::move(reader).error());
  }
  return *opened_;
}

}  // namespace daybook
