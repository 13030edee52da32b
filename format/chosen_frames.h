// Some frames of a compressed segment in the place of all of it.
#pragma once

#include <optional>
#include <string>

#include "content.h"
#include "daybook/reader.h"

namespace daybook {

// nullopt where the file has to be read whole: it is not compressed, it is damaged or was not sound
// when it was compressed, every frame is wanted, or more content than ContentLimit allows. The
// frame with the segment's head is always read.
std::optional<Content> ReadChosenFrames(const std::string& path, const FrameChoice& choose);

}  // namespace daybook
