// Sets of types of records, made while compiling.
#pragma once

#include "daybook/reader.h"
#include "daybook/records.h"

namespace daybook {

template <class... Records>
constexpr RecordTypes TypesOf() {
  RecordTypes types{};
  ((types[Schema<Records>::kType] = true), ...);
  return types;
}
template <class... Records>
constexpr RecordTypes TypesIn(TypeList<Records...>) {
  return TypesOf<Records...>();
}

}  // namespace daybook
