// Any bytes whatever are a log to the reader.
#include "sound_reading.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  daybook::RequireSoundReading(std::span(data, size));
  return 0;
}
