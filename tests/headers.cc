// Nothing but the headers that CMake puts before it.
