#include "options.h"

#include <fmt/format.h>

#include <algorithm>

#include "columns/group_keys.h"
#include "filter/options.h"
#include "option_values.h"
#include "raw_options.h"
#include "report_view.h"
#include "text/nearest.h"
#include "text/whole_number.h"
#include "time/time_syntax.h"

namespace daybook {
namespace {

// What a style writes is what another program would: hardly anything in it can be chosen.
Status CheckStyle(const Report& report, const Style& style, const RawOptions& raw) {
  std::string_view surplus = raw.format             ? "--output"
                             : !raw.columns.empty() ? "--columns"
                             : raw.sort             ? "--sort"
                             : raw.limit            ? "--limit"
                             : raw.reverse          ? "--reverse"
                             : raw.no_header        ? "--no-header"
                             : raw.salvaged         ? "--salvaged"
                                                    : "";
  for (const ReportOption& option : report.options) {
    if (option.name != style.option && !raw.wishes.at(option.name).empty()) surplus = option.name;
  }
  if (surplus.empty()) return Ok{};
  return Error(fmt::format("{}: does not go with {} {}", surplus, StyleOption(report), *raw.style));
}

// nullptr where none was asked for.
Result<const Style*> ParseStyle(const Report& report, const RawOptions& raw) {
  if (!raw.style) return nullptr;
  std::vector<std::string_view> names;
  for (const Style& style : report.styles) {
    names.push_back(style.name);
    if (style.name != *raw.style) continue;
    if (Status fits = CheckStyle(report, style, raw); !fits) return std::move(fits).error();
    return &style;
  }
  return Error(fmt::format("{}: no '{}'{}; there is {}", StyleOption(report), *raw.style,
                           DidYouMean(*raw.style, names), fmt::join(names, ", ")));
}

Result<std::optional<int64_t>> ParseBound(std::string_view option,
                                          const std::optional<std::string>& text,
                                          const FilterClock& clock) {
  if (!text) return std::optional<int64_t>();
  auto time = ParseTime(*text, clock.now_ns, clock.zone);
  if (!time) return std::move(time).error().WithContext(option);
  return std::optional<int64_t>(*time);
}

// nullopt where none is asked for.
Result<std::optional<LocalZone>> ZoneOf(const RawOptions& raw) {
  if (raw.utc) return std::optional(LocalZone::Utc());
  if (!raw.zone) return std::optional<LocalZone>();
  auto zone = LocalZone::Named(*raw.zone);
  if (!zone) return std::move(zone).error().WithContext("--tz");
  return std::optional(*std::move(zone));
}

bool AsksForFilterHelp(const RawOptions& raw) {
  const auto filter = raw.filters.find("--filter");
  return filter != raw.filters.end() && filter->second == std::vector<std::string>{"help"};
}

Result<Filter> ParseFilters(const RawOptions& raw, const FilterClock& clock) {
  std::vector<GivenFilter> given;
  for (const FilterOption& option : FilterOptions()) {
    const auto found = raw.filters.find(option.name);
    if (found == raw.filters.end() || found->second.empty()) continue;
    if (TakesSeveral(option.form)) {
      given.push_back({.option = &option, .values = found->second});
      continue;
    }
    for (const std::string& value : found->second) {
      given.push_back({.option = &option, .values = {value}});
    }
  }
  return MakeFilter(given, clock);
}

// As they may be typed: two texts are equal where the same was asked for in the same words.
std::string FiltersText(const RawOptions& raw) {
  std::string text;
  for (const FilterOption& option : FilterOptions()) {
    const auto found = raw.filters.find(option.name);
    if (found == raw.filters.end()) continue;
    for (const std::string& value : found->second) {
      text.append(text.empty() ? "" : " ").append(option.name);
      if (!value.empty()) text.append("=").append(value);
    }
  }
  return text;
}

// Without one people get a page that stays one, and programs all.
Result<std::optional<uint64_t>> LimitOf(const RawOptions& raw, const Report& report,
                                        Format format) {
  if (!raw.limit) return IsForPeople(format) ? report.default_limit : std::nullopt;
  if (const auto limit = WholeNumber<uint64_t>(*raw.limit)) return limit;
  return Error(fmt::format("--limit: '{}' is not a number of rows, as 20 or 0", *raw.limit));
}

// What is asked for by days is read in their order.
std::string_view DefaultSortOf(const Report& report, std::span<const Column> columns) {
  const std::string_view first = columns.empty() ? "" : columns.front().name;
  return first == "day" || first == "month" ? first : report.default_sort;
}

// nullopt of what a report leaves empty, since it has none.
std::optional<std::string> TextOf(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(std::string(text));
}

Rests RestsOf(std::string_view name) {
  const LifeField* field = FindGroupKey(name);
  return field != nullptr ? field->rests : Rests::kOnEnd;
}

// What rows rest on that are chosen, grouped and sorted so. Columns that nobody asked for are no
// reason to read all of a boot.
Rests RestsOf(const Options& options) {
  Rests shown = Rests::kOnEnd;
  for (const size_t column : options.view.columns) {
    shown = std::max(shown, RestsOf(options.columns[column].name));
  }
  if (!options.names_columns) shown = std::min(shown, Rests::kOnProgram);
  Rests most = std::max(shown, options.filter.RestsOn());
  for (const std::string& name : options.wishes.Values("--by")) {
    most = std::max(most, RestsOf(name));
  }
  if (!options.view.sort_by) return most;
  return std::max(most, RestsOf(options.columns[*options.view.sort_by].name));
}

LogSet::Skips SkipsFor(const Options& options) {
  if (options.report->skips != LogSet::Skips::kLives) return options.report->skips;
  const auto rests_on = options.report->rests_on;
  const Rests of_wishes = rests_on != nullptr ? rests_on(options.wishes) : Rests::kOnEnd;
  switch (std::max(RestsOf(options), of_wishes)) {
    case Rests::kOnEnd:
      return LogSet::Skips::kEnds;
    case Rests::kOnProgram:
      return LogSet::Skips::kLives;
    case Rests::kOnBirth:
    case Rests::kOnAllPrograms:
      break;
  }
  return LogSet::Skips::kBoots;
}

// Each takes of what was typed what it is about.

Status TakeWindow(const RawOptions& raw, const FilterClock& clock, Options* options) {
  const Report& report = *raw.report;
  const bool is_by_default = !raw.since && !raw.until;
  const auto since_text = is_by_default ? TextOf(report.default_since) : raw.since;
  auto since = ParseBound("--since", since_text, clock);
  if (!since) return std::move(since).error();
  const auto until_text = is_by_default ? TextOf(report.default_until) : raw.until;
  auto until = ParseBound("--until", until_text, clock);
  if (!until) return std::move(until).error();
  const auto rule = ParseWindowRule(report, raw.window);
  if (!rule) return rule.error();
  options->log.window = {.since_ns = *since, .until_ns = *until, .rule = *rule};
  if (since_text) options->wishes.Add("--since", {*since_text});
  if (!*since || !*until || **since < **until) return Ok{};
  return Error("--since: is not before --until, so nothing could be shown");
}

Status TakeFilters(const RawOptions& raw, const FilterClock& clock, Options* options) {
  auto filter = ParseFilters(raw, clock);
  if (!filter) return std::move(filter).error();
  options->filter = std::move(*filter);
  for (const auto& [name, values] : raw.filters) {
    if (!values.empty()) options->names[name] = values;
  }
  if (std::string text = FiltersText(raw); !text.empty()) {
    options->wishes.Add(kFiltersWish, {std::move(text)});
  }
  return Ok{};
}

Status TakeLook(const RawOptions& raw, const FilterClock&, Options* options) {
  auto style = ParseStyle(*raw.report, raw);
  if (!style) return std::move(style).error();
  options->style = *style;
  auto format = ParseFormat(raw.format);
  if (!format) return std::move(format).error();
  options->format = *format;
  if (raw.format) options->wishes.Add("--output", {*raw.format});
  const auto colors = ParseColors(raw.color);
  if (!colors) return colors.error();
  options->colors = *colors;
  options->headings = raw.no_header ? Headings::kNo : Headings::kYes;
  options->truncates = !raw.no_truncate;
  options->uses_pager = !raw.no_pager;
  options->shows_progress = !raw.quiet;
  if (raw.quiet) options->wishes.Add("--quiet", {});
  return Ok{};
}

// Behind the others, whose values some of them must go with.
Status TakeWishes(const RawOptions& raw, const FilterClock& clock, Options* options) {
  for (const ReportOption& option : raw.report->options) {
    const auto given = raw.wishes.find(option.name);
    if (given->second.empty()) continue;
    Status checked = CheckValue(option, given->second.back());
    if (!checked) return checked;
    options->wishes.Add(option.name, given->second);
  }
  return raw.report->check != nullptr ? raw.report->check(options->wishes, clock) : Ok{};
}

Status TakeColumns(const RawOptions& raw, const FilterClock&, Options* options) {
  const Report& report = *raw.report;
  options->columns = ColumnsByDefault(report);
  if (report.columns_for != nullptr) {
    auto columns = report.columns_for(options->wishes);
    if (!columns) return std::move(columns).error();
    options->columns = std::move(*columns);
  }
  const auto limit = LimitOf(raw, report, options->format);
  if (!limit) return limit.error();
  if (raw.sort && raw.sort->empty()) {
    return Error("--sort: '' is no column; 'none' leaves rows as they stand in the log");
  }
  auto view = MakeView(options->format, {.report = report.name,
                                         .of_columns = options->columns,
                                         .default_sort = DefaultSortOf(report, options->columns),
                                         .columns = raw.columns,
                                         .sort = raw.sort.value_or(""),
                                         .reverse = raw.reverse,
                                         .limit = *limit,
                                         .salvaged = raw.salvaged,
                                         .several_hosts = true});
  if (!view) return std::move(view).error();
  options->view = std::move(*view);
  options->names_columns = !raw.columns.empty();
  return Ok{};
}

Result<Options> Understand(const RawOptions& raw, const FilterClock& clock) {
  const Report& report = *raw.report;
  Options options;
  options.report = &report;
  if (!raw.paths.empty()) options.paths = raw.paths;
  options.output_path = raw.output_path;
  options.folder = raw.folder;
  options.salvaged = raw.salvaged;
  options.now_ns = clock.now_ns;
  for (const auto take : {TakeWindow, TakeFilters, TakeLook, TakeWishes, TakeColumns}) {
    if (Status taken = take(raw, clock, &options); !taken) return std::move(taken).error();
  }
  if (raw.paths.empty() && options.wishes.Has(report.instead_of_log)) options.paths.clear();
  options.log.repeats = report.repeats;
  options.log.live = report.is_live;
  options.log.salvage = report.counts_salvaged || raw.salvaged;
  options.log.skips = SkipsFor(options);
  return options;
}

}  // namespace

Result<std::variant<Options, HelpText>> ParseOptions(int argc, const char* const* argv,
                                                     int64_t now_ns, const LocalZone& zone) {
  using Parsed = std::variant<Options, HelpText>;
  auto read = ReadCommandLine(argc, argv);
  if (!read) return std::move(read).error();
  if (auto* help = std::get_if<HelpText>(&*read)) return Parsed(std::move(*help));
  const RawOptions& raw = std::get<RawOptions>(*read);
  if (AsksForFilterHelp(raw)) return Parsed(HelpText{FilterFieldsHelp()});
  const auto asked_zone = ZoneOf(raw);
  if (!asked_zone) return asked_zone.error();
  auto options = Understand(raw, {.now_ns = now_ns, .zone = asked_zone->value_or(zone)});
  if (!options) return std::move(options).error();
  options->zone = *asked_zone;
  return Parsed(std::move(*options));
}

}  // namespace daybook
