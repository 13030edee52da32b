// For programs that read one file after another.
#pragma once

namespace daybook {

// While there is one, readers leave the memory that they read into to those that follow, of
// whatever thread: to get it from the system costs more than to fill it, page by page it is given,
// and cleared. What is kept are two pieces at most, each as large as a file or what it holds.
class MemoryReuse {
 public:
  MemoryReuse();
  MemoryReuse(const MemoryReuse&) = delete;
  MemoryReuse& operator=(const MemoryReuse&) = delete;
  ~MemoryReuse();
};

}  // namespace daybook
