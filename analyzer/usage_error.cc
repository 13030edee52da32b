#include "usage_error.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "raw_options.h"
#include "report.h"
#include "text/nearest.h"

namespace daybook {
namespace {

// In our words, where CLI11's are about its own.
std::string MessageOf(const CLI::ParseError& error) {
  std::string message = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) == nullptr) return message;
  const size_t name = message.find(':');
  if (name == message.npos) return message;
  const bool is_repeated = message.find("At Most") != message.npos;
  return message.substr(0, name) +
         (is_repeated ? ": may be given only once" : ": its value is missing");
}

// Which verbs take that option, as a hint; empty where none does.
std::string TakenBy(const std::string& option) {
  constexpr size_t kMostNames = 5;
  if (!option.starts_with('-')) return "";
  std::vector<std::string> verbs;
  SeeCommandLine([&](const CLI::App& app) {
    for (const CLI::App* verb : app.get_subcommands({})) {
      if (verb->get_option_no_throw(option) != nullptr) verbs.push_back(verb->get_name());
    }
  });
  if (verbs.empty()) return "";
  if (verbs.size() > kMostNames) return "; other verbs take it";
  return fmt::format("; {} {} it", fmt::join(verbs, ", "), verbs.size() == 1 ? "takes" : "take");
}

bool Sorts(std::string_view option) {
  return option == "--sort" || option == "-r" || option == "--reverse";
}

bool IsThere(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::exists(path, unknown);
}

// Why `verb` does not take the word, where it is clear what was meant; empty elsewhere.
std::string ReasonOf(const CLI::App& verb, const std::string& word) {
  if (Sorts(word.substr(0, word.find('='))) && IsInLogOrder(*FindReport(verb.get_name()))) {
    return "; rows are in the order of the log, and cannot be sorted";
  }
  if (verb.get_option_no_throw("--log") != nullptr && IsThere(word)) {
    return "; a log is given by --log";
  }
  return "";
}

// Of what `verb` does not take.
std::string UnexpectedMessage(const CLI::App& verb, const std::string& word) {
  if (verb.get_option_no_throw(word) != nullptr) {
    return fmt::format("not expected before the verb: '{}'", word);
  }
  const std::string reason = ReasonOf(verb, word);
  if (!reason.empty()) return fmt::format("not expected: '{}'{}", word, reason);
  std::vector<std::string> options;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_name().starts_with('-') == word.starts_with('-')) {
      options.push_back(option->get_name());
    }
  }
  const std::vector<std::string_view> views(options.begin(), options.end());
  const std::string name = word.substr(0, word.find('='));
  const std::string taken_by = TakenBy(name);
  return fmt::format("not expected: '{}'{}", word,
                     taken_by.empty() ? DidYouMean(name, views) : taken_by);
}

}  // namespace

Error NoVerb(std::string_view word) {
  const std::vector<std::string_view> names = VerbNames();
  return Error(fmt::format("no verb '{}'{}", word, DidYouMean(word, names)));
}

Error UsageError(const CLI::App& app, const CLI::ParseError& error, int argc,
                 const char* const* argv) {
  const auto verbs = app.get_subcommands();
  if (verbs.empty()) {
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (word.empty() || word.starts_with('-')) {
      return Error(fmt::format("a verb is needed: {}", fmt::join(VerbNames(), ", ")));
    }
    return NoVerb(word);
  }
  std::string message = MessageOf(error);
  const auto extras = app.remaining(true);
  if (!extras.empty()) message = UnexpectedMessage(*verbs.back(), extras.front());
  return Error(fmt::format("{}: {}", verbs.back()->get_name(), message));
}

}  // namespace daybook
