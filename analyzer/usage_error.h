// What is said of a command line that cannot be understood, in our words.
#pragma once

#include <CLI/CLI.hpp>
#include <string_view>

#include "daybook/result.h"

namespace daybook {

Error NoVerb(std::string_view word);

// What CLI11 found wrong, with the nearest right word where one is near, or who takes the option.
Error UsageError(const CLI::App& app, const CLI::ParseError& error, int argc,
                 const char* const* argv);

}  // namespace daybook
