// Segments whose sums are right and whose content is anything: what somebody with the segment's tag
// could write, or a writer by mistake.
#include "reseal.h"
#include "sound_reading.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace daybook;
  const std::span bytes(data, size);
  RequireSoundReading(bytes);
  RequireSoundReading(Resealed(bytes, Reseal::kSums));
  RequireSoundReading(Resealed(bytes, Reseal::kPlaces));
  return 0;
}
