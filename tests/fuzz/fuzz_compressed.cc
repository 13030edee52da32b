// Any bytes whatever are a compressed segment to the reader.
#include "container_reader.h"
#include "daybook/compress.h"
#include "sound_reading.h"

namespace daybook {
namespace {

void ReadAsContainer(Bytes file) {
  const DecodedContainer decoded = DecodeContainer(file);
  for (const FrameDamage& damage : decoded.damage) {
    Require(damage.begin <= damage.end && damage.end <= file.size());
    Require(damage.raw_begin <= damage.raw_end && !damage.cause.empty());
  }
  RequireSoundReading(decoded.content);
  const DecodedContainers several = DecodeContainers(file);
  Require(!several.containers.empty() && several.end <= file.size());
  Require(several.containers.front().content == decoded.content);
  const auto index = ReadCompressedIndex(file);
  if (!index) return;
  for (size_t i = 0; i < index->frames.size() && i < 4; ++i) {
    const auto content = DecodeFrames(file, *index, std::span(&i, 1));
    Require(!content || content->size() == index->frames[i].description.raw_bytes);
  }
}

}  // namespace
}  // namespace daybook

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)daybook::IsContainer({data, size});
  daybook::ReadAsContainer({data, size});
  return 0;
}
