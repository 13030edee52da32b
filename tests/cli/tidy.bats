#!/usr/bin/env bats
# What tools/tidy finds in a library of two sources, which clang-tidy reads as one.

setup() {
  tree=$(realpath "$BATS_TEST_TMPDIR")
  mkdir -p "$tree/tools" "$tree/format" "$tree/build"
  cp "$BATS_TEST_DIRNAME/../../tools/tidy" "$tree/tools"
  cp "$BATS_TEST_DIRNAME/../../.clang-tidy" "$tree"
  printf '#include <string>\nstd::string First();\n' >"$tree/format/first.h"
  printf '#include "first.h"\n\nstd::string First() { return "1"; }\n' >"$tree/format/first.cc"
  printf '#include <cstring>\n\nunsigned long Second() { return std::strlen("2"); }\n' >"$tree/format/second.cc"
  for name in first second; do
    printf '{"directory": "%s", "file": "%s", "command": "c++ -std=gnu++20 -Wall -Werror -o %s -c x"}\n' \
      "$tree" "$tree/format/$name.cc" "format/CMakeFiles/daybook_format.dir/$name.cc.o"
  done | jq -s . >"$tree/build/compile_commands.json"
}

tidy() {
  run "$tree/tools/tidy" "$tree/build"
}

# finds TEXT: a mistake, and says so.
finds() {
  tidy
  [ "$status" -eq 1 ]
  [[ "$output" == *"$1"* ]]
}

@test "tidy has nothing to say of sources without mistakes" {
  tidy
  [ "$output" = '' ]
  [ "$status" -eq 0 ]
}

@test "tidy finds a wrong name in each source and in a header" {
  for file in first.cc second.cc first.h; do
    cp "$tree/format/$file" "$tree/saved"
    echo 'struct wrong_name {};' >>"$tree/format/$file"
    finds "format/$file"
    [[ "$output" == *"invalid case style for struct 'wrong_name'"* ]]
    cp "$tree/saved" "$tree/format/$file"
  done
}

@test "tidy finds an include that only another source has" {
  echo 'std::string Third() { return "3"; }' >>"$tree/format/second.cc"
  finds "no type named 'string' in namespace 'std'"
}

@test "tidy finds a constant that is not used" {
  echo 'namespace { constexpr int kUnused = 1; }' >>"$tree/format/second.cc"
  finds "unused variable 'kUnused'"
}

@test "tidy finds a using declaration that only another source could use" {
  sed -i 's/string First() {/&\n  (void)std::strlen("");\n /; 1a #include <cstring>' "$tree/format/first.cc"
  echo 'using std::strlen;' >>"$tree/format/second.cc"
  sed -i 's/std::strlen("2")/2/' "$tree/format/second.cc"
  finds "using decl 'strlen' is unused"
}

@test "tidy finds a value that is used after it was moved away" {
  printf '#include <utility>\nstd::string Third(std::string a) {\n  std::string b = std::move(a);\n  return a + b;\n}\n' >>"$tree/format/first.cc"
  finds "'a' used after it was moved"
}

@test "tidy says so where there is nothing to read" {
  echo '[]' >"$tree/build/compile_commands.json"
  finds 'has no commands for our sources'
}
