// Several segments in one file, in the order in which they were written.
#pragma once

#include <vector>

#include "content.h"

namespace daybook {

// Of contents that follow each other in a file: those of each log by the numbers of their segments,
// logs by their first appearance. One of which nothing tells stays behind the one that it follows.
// Only where that is another order than the file's, a content of several segments is split.
void PutInOrder(std::vector<Content>* contents);

}  // namespace daybook
