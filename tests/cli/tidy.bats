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
  library_is format format/first.cc format/second.cc
}

# library_is NAME SOURCE...: that all are compiled for it.
library_is() {
  local library=$1 source
  shift
  for source; do
    printf '{"directory": "%s", "file": "%s", "command": "c++ -std=gnu++20 -Wall -I%s/analyzer -o %s -c x"}\n' \
      "$tree" "$tree/$source" "$tree" "$library/CMakeFiles/daybook_$library.dir/$source.o"
  done | jq -s . >"$tree/build/$library.json"
  jq -s add "$tree"/build/[af]*.json >"$tree/build/compile_commands.json"
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

@test "tidy finds a value that is used after it was moved away" {
  printf '#include <utility>\nstd::string Third(std::string a) {\n  std::string b = std::move(a);\n  return a + b;\n}\n' >>"$tree/format/first.cc"
  finds "'a' used after it was moved"
}

@test "tidy reads all of many sources" {
  for ((i = 1; i <= 50; ++i)); do
    echo "int Many$i() { return $i; }" >"$tree/format/many_$i.cc"
  done
  library_is format format/{first,second}.cc format/many_{1..50}.cc
  tidy
  [ "$output" = '' ]
  for i in 1 50; do
    echo 'struct wrong_name {};' >>"$tree/format/many_$i.cc"
    finds "format/many_$i.cc"
  done
}

@test "tidy reads reports that name their tables alike" {
  mkdir -p "$tree/analyzer/reports"
  printf '#pragma once\n#include <string>\nnamespace daybook {\nstruct Report {\n  std::string name;\n};\n}  // namespace daybook\n' \
    >"$tree/analyzer/report.h"
  for name in list tree; do
    cat >"$tree/analyzer/reports/$name.cc" <<REPORT
#include "report.h"

namespace daybook {
namespace {

constexpr const char* kName = "$name";

}  // namespace

Report Of_$name() { return {.name = kName}; }

}  // namespace daybook
REPORT
  done
  library_is analyzer analyzer/reports/{list,tree}.cc
  tidy
  [ "$output" = '' ]
  echo 'namespace daybook { struct wrong_name {}; }' >>"$tree/analyzer/reports/tree.cc"
  finds "analyzer/reports/tree.cc"
}

@test "tidy reads each of the sources that a build compiles at once" {
  mkdir -p "$tree/Unity"
  printf '#include "%s"\n' "$tree"/format/{first,second}.cc >"$tree/Unity/unity_0_cxx.cxx"
  library_is format Unity/unity_0_cxx.cxx
  tidy
  [ "$output" = '' ]
  echo 'struct wrong_name {};' >>"$tree/format/second.cc"
  finds format/second.cc
}

@test "tidy says so where it cannot read a source" {
  echo 'int Third() { return 3; }' >"$tree/format/third.cc"
  finds "no commands for $tree/format/third.cc"
}

@test "tidy says so where there is nothing to read" {
  rm -r "$tree/format"
  echo '[]' >"$tree/build/compile_commands.json"
  finds 'has no commands for our sources'
}
