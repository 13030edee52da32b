// What a recorder says at its start that it can tell.
#pragma once

#include <string>
#include <string_view>

#include "daybook/records.h"

namespace daybook {

// True where it is among the words of a START.
inline bool HasAbility(const Recorder& start, std::string_view ability) {
  const std::string words = " " + std::string(start.abilities.value_or("")) + " ";
  return words.find(" " + std::string(ability) + " ") != words.npos;
}

}  // namespace daybook
