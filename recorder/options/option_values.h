// What the values of options may be, and what becomes of them: to CLI11 each checks a text, and
// changes it to what the option's variable takes. What is wrong is said as "must be ...".
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace daybook {

CLI::Validator AsTime();        // "250ms" to nanoseconds; a number alone would leave open of what
CLI::Validator AsSize();        // "64M" to bytes
CLI::Validator AsEventTypes();  // "fork,exec" to bits
CLI::Validator AsUser();        // a name to its number
CLI::Validator AsPinFolder();   // "none" to an empty path

// To the enumerator's number.
CLI::Validator AsArgsMode();
CLI::Validator AsUsageMode();
CLI::Validator AsIdEvents();
CLI::Validator AsCompression();

// The bounds in words, since the value is a plain number by now.
CLI::Validator Within(uint64_t lowest, uint64_t highest, const std::string& words);
// Up to the longest time, which is far from where 64 bits of nanoseconds end.
CLI::Validator WithinTimes(uint64_t shortest_ns, const std::string& shortest);

CLI::Validator IsFlag();  // CLI11 would take how often it was given, and each number but 0 for true
CLI::Validator IsSource();
CLI::Validator IsRing();
CLI::Validator IsCgroupPath();
CLI::Validator IsMaskWord();
CLI::Validator IsQuotable();  // in a configuration, as OptionsText() prints it
CLI::Validator IsFolder();
CLI::Validator IsFileName();  // of no segment: in the log's folder it would pass for one

}  // namespace daybook
