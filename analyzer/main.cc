// daybook: answers questions from the log that daybookd writes.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <variant>

#include "daybook/standard_streams.h"
#include "exit_status.h"
#include "options.h"
#include "output/messages.h"
#include "run.h"

namespace {

int Main(int argc, char** argv) {
  const auto asked_zone = daybook::LocalZone::FromEnvironment();
  const auto zone = asked_zone ? *asked_zone : daybook::LocalZone::Utc();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  const auto parsed = daybook::ParseOptions(argc, argv, now_ns, zone);
  if (!parsed) {
    daybook::PrintError(parsed.error());
    return daybook::kExitUsage;
  }
  if (const auto* help = std::get_if<daybook::HelpText>(&*parsed)) {
    const daybook::Status written = daybook::WriteStandardOutput(help->text);
    if (written) return daybook::kExitFine;
    daybook::PrintError(written.error());
    return daybook::kExitUnreadable;
  }
  const auto& options = std::get<daybook::Options>(*parsed);
  if (!asked_zone && !options.zone) {
    daybook::PrintError(daybook::Error(asked_zone.error().message() + "; times are in UTC"));
  }
  return daybook::Run(options, options.zone.value_or(zone));
}

}  // namespace

int main(int argc, char** argv) {
  daybook::HoldStandardStreams();
  // A closed pipe, or a file that may not be longer, is found when writing to it.
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
  try {
    return Main(argc, argv);
  } catch (const std::exception& exception) {  // only of others: memory, the tz database
    std::fprintf(stderr, "daybook: %s\n", exception.what());
    return daybook::kExitUnreadable;
  }
}
