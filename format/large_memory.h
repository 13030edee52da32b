// Large pieces of memory, for the contents of files.
#pragma once

#include <cstddef>

namespace daybook {

// At least so many bytes, of no particular content; in huge pages where there are any. Throws
// std::bad_alloc.
void* TakeLargeMemory(size_t bytes);

// What TakeLargeMemory gave. Where there is a MemoryReuse, it may be what that gives next.
void GiveBackLargeMemory(void* memory);

}  // namespace daybook
