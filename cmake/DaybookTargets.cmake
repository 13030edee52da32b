# What all our targets share: the language, the warnings, the sanitizers, and the rule of the house.

# Linked privately by every target of ours; never by what is exported.
add_library(daybook_warnings INTERFACE)
add_library(daybook::warnings ALIAS daybook_warnings)
target_compile_features(daybook_warnings INTERFACE cxx_std_20)
# Members that a designated initialiser leaves out have their defaults in the struct: no warning.
target_compile_options(daybook_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow
                            -Wno-missing-field-initializers -Werror>)
# Optimising, g++ 12 takes values in a std::optional for uninitialised that nobody reads.
target_compile_options(daybook_warnings INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>)

set(DAYBOOK_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize= takes them")
if(DAYBOOK_SANITIZE)
  add_compile_options(-fsanitize=${DAYBOOK_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  # Of what a sanitizer makes of the code, g++ 12 says what is not so; and that ThreadSanitizer does
  # not see fences.
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-array-bounds>
                      $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>
                      $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-stringop-overflow>
                      $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-tsan>)
  add_link_options(-fsanitize=${DAYBOOK_SANITIZE})
endif()
# What these would find AddressSanitizer finds, and they take an eighth of a compiler's time.
if(DAYBOOK_SANITIZE MATCHES address AND DAYBOOK_SANITIZE MATCHES undefined)
  add_compile_options(-fno-sanitize=null,object-size)
endif()

# Linked privately by tests, and by what a build runs: optimising GoogleTest's and fmt's templates, and
# asking of each pointer in them whether it is null, takes most of a build. What is tested, but for what
# stands in headers, stays optimised and is asked.
add_library(daybook_quick INTERFACE)
add_library(daybook::quick ALIAS daybook_quick)
target_compile_options(daybook_quick INTERFACE $<$<CONFIG:Debug>:-O0>)
# clang counts it to -Wconversion, and g++ does not; in a loop over {1, 2, 3} it finds nothing.
target_compile_options(daybook_quick INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-sign-conversion>)
if(DAYBOOK_SANITIZE MATCHES undefined)
  target_compile_options(daybook_quick INTERFACE
    -fno-sanitize=null,alignment,object-size,vptr)
endif()

# The tests are many programs, and linking takes lld half of what it takes the usual linker.
find_program(DAYBOOK_LLD ld.lld NO_CACHE)
if(DAYBOOK_LLD)
  add_link_options($<$<CONFIG:Debug>:-fuse-ld=lld>)
endif()

# Most of a compiler's time goes into headers that most sources share, and into what is made of their
# templates: each library compiles them once, and all tests together. A source still includes what it
# uses: a build without either shows it, as ./check --exhaustive makes it.
option(DAYBOOK_PRECOMPILE "Compile the headers that most sources share only once" ON)
function(daybook_precompile target)
  if(DAYBOOK_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE
      <algorithm> <array> <cstdint> <cstring> <functional> <map> <memory> <optional> <span> <string>
      <string_view> <tuple> <unordered_map> <utility> <variant> <vector>
      <daybook/codec.h> <daybook/reader.h> <daybook/records.h> <daybook/result.h> ${ARGN})
    # Optimising, g++ 12 sees errors in std::string that are not there (its bugs 105329 and 105651),
    # and precompiled that header is no longer a system's.
    target_compile_options(${target} PRIVATE
      $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:
        -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow>)
  endif()
endfunction()

# Names in the anonymous namespaces of a library's sources must not collide. Who changes one source
# again and again is faster without it.
option(DAYBOOK_UNITY "Compile a library's sources many at once, where clang does" ON)
function(daybook_unite target)
  # To g++ each of them is then a header, which should have no anonymous namespace.
  if(DAYBOOK_UNITY AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
endfunction()

# Fails the configuration where `target` links anything of ours but the warnings and what is named.
function(daybook_restrict_links target)
  get_target_property(libraries ${target} LINK_LIBRARIES)
  foreach(library IN LISTS libraries)
    if(library MATCHES "^daybook" AND NOT library STREQUAL "daybook::warnings"
       AND NOT library IN_LIST ARGN)
      message(FATAL_ERROR "${target} must not link ${library}: recorder -> format <- analyzer")
    endif()
  endforeach()
endfunction()
