#include "option_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <csignal>

#include "text/names.h"
#include "text/nearest.h"

namespace daybook {
namespace {

struct FormatName {
  std::string_view name;
  Format format;
};
constexpr FormatName kFormatNames[] = {{"text", Format::kText},        {"json", Format::kJson},
                                       {"jsonl", Format::kJsonLines},  {"csv", Format::kCsv},
                                       {"tsv", Format::kTsv},          {"md", Format::kMarkdown},
                                       {"markdown", Format::kMarkdown}};

struct ColorName {
  std::string_view name;
  ColorWish wish;
};
constexpr ColorName kColorNames[] = {
    {"auto", ColorWish::kAuto}, {"always", ColorWish::kAlways}, {"never", ColorWish::kNever}};

struct WindowRuleName {
  std::string_view name;
  WindowRule rule;
  std::string_view text;
};
constexpr WindowRuleName kWindowRules[] = {
    {"start", WindowRule::kStart, "those that began in it"},
    {"end", WindowRule::kEnd, "those that ended in it"},
    {"existence", WindowRule::kExistence, "those that were there in it"}};

// Of tables of what has a name.
template <class Table>
std::vector<std::string> NamesOf(const Table& table) {
  std::vector<std::string> names;
  for (const auto& named : table) names.emplace_back(named.name);
  return names;
}

std::vector<std::string> SignalNames() {
  std::vector<std::string> names;
  for (uint64_t signal = 1; signal <= static_cast<uint64_t>(SIGRTMAX); ++signal) {
    names.push_back(SignalName(signal));
    if (names.back().front() != 'S') names.pop_back();  // it has none
  }
  return names;
}

// Without the units: those that are never shown are only for the report itself.
std::vector<std::string> ColumnNames(const Report& report) {
  std::vector<std::string_view> views = ViewsOf(report);
  if (views.empty()) views.emplace_back();
  std::vector<std::string> names;
  for (const std::string_view view : views) {
    for (const Column& column : ColumnsByDefault(report, view)) {
      const std::string name(WithoutUnit(column.name));
      const bool is_known = std::ranges::find(names, name) != names.end();
      if (CanBeNamed(column) && !is_known) names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> SortKeys(const Report& report) {
  std::vector<std::string> keys{"none"};
  for (const std::string& name : ColumnNames(report)) {
    keys.push_back(name);
    keys.push_back('-' + name);
  }
  return keys;
}

}  // namespace

Status CheckValue(const ReportOption& option, std::string_view value) {
  if (option.is_list || option.values == nullptr) return Ok{};
  const std::vector<std::string_view> values = option.values();
  if (std::ranges::find(values, value) != values.end()) return Ok{};
  std::string what(option.value_name);
  std::ranges::transform(what, what.begin(), [](unsigned char c) { return std::tolower(c); });
  return Error(fmt::format("{}: no {} '{}'{}; there are {}", option.name, what, value,
                           DidYouMean(value, values), fmt::join(values, ", ")));
}

std::string WindowRuleNames(const Report& report) {
  std::string text = "Which processes are in that time.";
  for (const WindowRuleName& known : kWindowRules) {
    const bool is_default = known.rule == report.window_rule;
    text += fmt::format("{} {}{}: {}", &known == kWindowRules ? "" : ";", known.name,
                        is_default ? " (default)" : "", known.text);
  }
  return text;
}

Result<WindowRule> ParseWindowRule(const Report& report, const std::optional<std::string>& text) {
  if (!text) return report.window_rule;
  std::vector<std::string_view> names;
  for (const WindowRuleName& known : kWindowRules) {
    if (known.name == *text) return known.rule;
    names.push_back(known.name);
  }
  return Error(fmt::format("--window: no rule '{}'{}; there are {}", *text,
                           DidYouMean(*text, names), fmt::join(names, ", ")));
}

Result<Format> ParseFormat(const std::optional<std::string>& name) {
  if (!name) return Format::kText;
  std::vector<std::string_view> names;
  for (const FormatName& candidate : kFormatNames) {
    if (candidate.name == *name) return candidate.format;
    names.push_back(candidate.name);
  }
  return Error(fmt::format("--output: no format '{}'{}", *name, DidYouMeanOneOf(*name, names)));
}

Result<ColorWish> ParseColors(std::string_view text) {
  for (const ColorName& known : kColorNames) {
    if (known.name == text) return known.wish;
  }
  return Error(
      fmt::format("--color: '{}' is none of {}", text, fmt::join(NamesOf(kColorNames), ", ")));
}

std::vector<std::string> ValuesOf(const Report& report, std::string_view option) {
  for (const ReportOption& own : report.options) {
    if (own.name != option || own.values == nullptr) continue;
    const auto values = own.values();
    return {values.begin(), values.end()};
  }
  if (option == StyleOption(report)) return NamesOf(report.styles);
  if (option == "--output") return NamesOf(kFormatNames);
  if (option == "--color") return NamesOf(kColorNames);
  if (option == "--window") return NamesOf(kWindowRules);
  if (option == "--columns") return ColumnNames(report);
  if (option == "--sort") return SortKeys(report);
  if (option == "--signal") return SignalNames();
  return {};
}

}  // namespace daybook
