#include "options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <map>

#include "filter/options.h"
#include "life_groups.h"
#include "nearest.h"
#include "option_values.h"
#include "report_view.h"
#include "time_syntax.h"
#include "usage_error.h"

namespace daybook {
namespace {

// As typed; checked once the report is known.
struct RawOptions {
  std::vector<std::string> paths;
  std::optional<std::string> since;
  std::optional<std::string> until;
  std::optional<std::string> window;
  std::optional<std::string> format;
  std::string output_path = "-";
  std::vector<std::string> columns;
  std::optional<std::string> sort;
  std::optional<std::string> limit;
  bool reverse = false;
  bool no_header = false;
  bool no_truncate = false;
  bool no_pager = false;
  bool quiet = false;
  std::string color = "auto";
  bool utc = false;
  std::optional<std::string> zone;
  bool salvaged = false;
  std::string folder;
  // By the option's name; of a flag that is given, one empty value.
  std::map<std::string_view, std::vector<std::string>> filters;
  std::map<std::string_view, std::vector<std::string>> wishes;
  std::optional<std::string> style;
};

constexpr char kTimeHelp[] =
    "now, today, yesterday, 14:00, '2026-11-20 14:00', RFC 3339, @EPOCH, -2h, '2h ago'";

void AppendNames(std::span<const Column> columns, std::string* text) {
  for (const Column& column : columns) {
    if (column.shown != Shown::kNever) text->append(" ").append(column.name);
  }
}

// What the report shows, by name.
std::string ColumnsOrSections(const Report& report) {
  std::string names;
  if (report.page != nullptr) {
    for (const Section& section : report.sections) {
      names.append(names.empty() ? "Sections: " : " ").append(section.name);
    }
    return names;
  }
  const std::vector<Column> columns = ColumnsByDefault(report);
  if (columns.empty()) return names;
  names = "Columns:";
  AppendNames(columns, &names);
  const std::vector<std::string_view> views = ViewsOf(report);
  for (size_t i = 1; i < views.size(); ++i) {
    names.append("\nColumns of --view ").append(views[i]).append(":");
    AppendNames(ColumnsByDefault(report, views[i]), &names);
  }
  return names;
}

void AddInput(CLI::App* verb, const Report& report, RawOptions* raw) {
  if (report.find_files != nullptr) {
    verb->add_option("file", raw->paths, "Files with roll-ups, folders of such, or -")
        ->type_name("PATH")
        ->required();
    verb->add_option("-o", raw->output_path, "Write the table to this file")->type_name("FILE");
  } else if (report.writes_folder) {
    const bool is_import = report.import != nullptr;
    verb->add_option(is_import ? "file" : "log", raw->paths,
                     is_import ? "Files, or -" : "Files, folders, or -")
        ->type_name("PATH")
        ->required();
    verb->add_option("-o", raw->folder, "A new or empty folder for the log that is written")
        ->type_name("FOLDER")
        ->required();
  } else {
    verb->add_option(report.takes_paths ? "--log,log" : "--log", raw->paths,
                     "A file, a folder, or - (default: /var/log/daybook)")
        ->type_name("PATH")
        ->allow_extra_args(false);
    verb->add_option("-o", raw->output_path, "Write to this file")->type_name("FILE");
  }
}

// What is given more than once adds up: one of several values, or several expressions.
void AddFilter(CLI::App* verb, const FilterOption& option, RawOptions* raw) {
  std::vector<std::string>* values = &raw->filters[option.name];
  const std::string name(option.name);
  const std::string text(option.text);
  CLI::Option* added = nullptr;
  if (option.form == FilterOption::Form::kFact) {
    added = verb->add_flag_callback(
        name, [values] { values->assign(1, ""); }, text);
  } else {
    added = verb->add_option(name, *values, text)
                ->type_name(std::string(option.value_name))
                ->allow_extra_args(false);
    if (TakesSeveral(option.form)) added->delimiter(',');
  }
  added->group("Filters");
}

void AddWish(CLI::App* verb, const ReportOption& option, RawOptions* raw) {
  std::vector<std::string>* values = &raw->wishes[option.name];
  const std::string name(option.name);
  const std::string text(option.text);
  if (option.value_name.empty()) {
    verb->add_flag_callback(
        name, [values] { values->assign(1, ""); }, text);
    return;
  }
  CLI::Option* added = verb->add_option(name, *values, text)
                           ->type_name(std::string(option.value_name))
                           ->allow_extra_args(false);
  if (option.is_list) added->delimiter(',');
  if (!option.name.starts_with('-')) added->required();
}

std::string StyleNames(const Report& report) {
  std::string names;
  for (const Style& style : report.styles) {
    fmt::format_to(std::back_inserter(names), "{}{}: {}", names.empty() ? "" : "; ", style.name,
                   style.summary);
  }
  return names;
}

// Of a report with one table.
void AddColumns(CLI::App* verb, const Report& report, RawOptions* raw) {
  verb->add_option("--columns", raw->columns, "Show these, in this order")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false);
  if (report.is_live) return;
  verb->add_option("--sort", raw->sort, "By this column; -KEY is descending; none: as in the log")
      ->type_name("KEY");
  verb->add_flag("-r,--reverse", raw->reverse, "In the opposite order");
}

void AddTerminal(CLI::App* verb, RawOptions* raw) {
  constexpr char kGroup[] = "On a terminal";
  verb->add_flag("--no-truncate", raw->no_truncate, "All columns, and these in whole")
      ->group(kGroup);
  verb->add_option("--color", raw->color, "auto (default), always or never")
      ->type_name("WHEN")
      ->group(kGroup);
  verb->add_flag("--no-pager", raw->no_pager, "Not through DAYBOOK_PAGER, PAGER or less")
      ->group(kGroup);
}

void AddTable(CLI::App* verb, const Report& report, RawOptions* raw) {
  verb->add_option("--output", raw->format, "text (default), json, jsonl, csv, tsv or md")
      ->type_name("FORMAT");
  if (report.page == nullptr) AddColumns(verb, report, raw);
  verb->add_option("-n,--limit", raw->limit, "At most so many rows")->type_name("N");
  verb->add_flag("--no-header", raw->no_header, "Without the headings of text, csv and tsv");
  AddTerminal(verb, raw);
  verb->footer(fmt::format("Examples:\n{}\n{}", report.examples, ColumnsOrSections(report)));
}

void AddOptions(CLI::App* verb, const Report& report, RawOptions* raw) {
  AddInput(verb, report, raw);
  if (report.has_window) {
    verb->add_option("-S,--since", raw->since, kTimeHelp)->type_name("TIME");
    verb->add_option("-U,--until", raw->until, "Up to, but not including")->type_name("TIME");
  }
  if (report.has_window_rule) {
    verb->add_option("--window", raw->window, WindowRuleNames(report))->type_name("RULE");
  }
  verb->add_flag("--utc", raw->utc, "Times are in UTC, those given and those shown");
  verb->add_option("--tz", raw->zone, "They are in this zone, as Europe/Berlin")
      ->type_name("ZONE")
      ->excludes("--utc");
  verb->add_flag("-q,--quiet", raw->quiet, "Do not show how much has been read")
      ->group("On a terminal");
  if (report.has_salvaged) {
    verb->add_flag("--salvaged", raw->salvaged,
                   "Also what is left in damaged parts and proved by nothing, marked as such");
  }
  for (const ReportOption& option : report.options) AddWish(verb, option, raw);
  if (report.has_filter) {
    for (const FilterOption& option : FilterOptions()) AddFilter(verb, option, raw);
  }
  if (!report.styles.empty()) {
    verb->add_option(std::string(StyleOption(report)), raw->style, StyleNames(report))
        ->type_name("NAME")
        ->required(IsExport(report));
  }
  if (!IsExport(report)) return AddTable(verb, report, raw);
  verb->footer(fmt::format("Examples:\n{}", report.examples));
}

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
                                          const std::optional<std::string>& text, int64_t now_ns,
                                          const LocalZone& zone) {
  if (!text) return std::optional<int64_t>();
  auto time = ParseTime(*text, now_ns, zone);
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
  uint64_t limit = 0;
  const char* const end = raw.limit->data() + raw.limit->size();
  const auto parsed = std::from_chars(raw.limit->data(), end, limit);
  if (parsed.ec == std::errc() && parsed.ptr == end) return std::optional(limit);
  return Error(fmt::format("--limit: '{}' is not a number of rows, as 20 or 0", *raw.limit));
}

// What is asked for by days is read in their order.
std::string_view DefaultSortOf(const Report& report, std::span<const Column> columns) {
  const std::string_view first = columns.empty() ? "" : columns.front().name;
  return first == "day" || first == "month" ? first : report.default_sort;
}

// nullopt where a report has none.
std::optional<std::string> TextOf(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(std::string(text));
}

Rests RestsOf(std::string_view name) {
  const LifeField* field = FindGroupKey(name);
  return field != nullptr ? field->rests : Rests::kOnEnd;
}

enum class Columns : uint8_t { kOfReport, kAskedFor };

// What rows rest on that are chosen, grouped and sorted so. Columns that nobody asked for are no
// reason to read all of a boot.
Rests RestsOf(const Options& options, Columns columns) {
  Rests shown = Rests::kOnEnd;
  for (const size_t column : options.view.columns) {
    shown = std::max(shown, RestsOf(options.columns[column].name));
  }
  if (columns == Columns::kOfReport) shown = std::min(shown, Rests::kOnProgram);
  Rests most = std::max(shown, options.filter.RestsOn());
  for (const std::string& name : options.wishes.Values("--by")) {
    most = std::max(most, RestsOf(name));
  }
  if (!options.view.sort_by) return most;
  return std::max(most, RestsOf(options.columns[*options.view.sort_by].name));
}

LogSet::Skips SkipsFor(const Options& options, Columns columns) {
  if (options.report->skips != LogSet::Skips::kLives) return options.report->skips;
  const auto rests_on = options.report->rests_on;
  const Rests of_wishes = rests_on != nullptr ? rests_on(options.wishes) : Rests::kOnEnd;
  switch (std::max(RestsOf(options, columns), of_wishes)) {
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

Result<Options> Check(const Report& report, const RawOptions& raw, int64_t now_ns,
                      const LocalZone& zone) {
  Options options;
  options.report = &report;
  if (!raw.paths.empty()) options.paths = raw.paths;
  const bool is_by_default = !raw.since && !raw.until;
  const auto since_text = is_by_default ? TextOf(report.default_since) : raw.since;
  auto since = ParseBound("--since", since_text, now_ns, zone);
  if (!since) return std::move(since).error();
  const auto until_text = is_by_default ? TextOf(report.default_until) : raw.until;
  auto until = ParseBound("--until", until_text, now_ns, zone);
  if (!until) return std::move(until).error();
  const auto rule = ParseWindowRule(report, raw.window);
  if (!rule) return rule.error();
  options.log.window = {.since_ns = *since, .until_ns = *until, .rule = *rule};
  auto filter = ParseFilters(raw, {.now_ns = now_ns, .zone = zone});
  if (!filter) return std::move(filter).error();
  options.filter = std::move(*filter);
  for (const auto& [name, values] : raw.filters) {
    if (!values.empty()) options.names[name] = values;
  }
  options.log.repeats = report.repeats;
  options.log.live = report.is_live;
  options.log.salvage = report.counts_salvaged || raw.salvaged;
  if (*since && *until && **since >= **until) {
    return Error("--since: is not before --until, so nothing could be shown");
  }
  auto style = ParseStyle(report, raw);
  if (!style) return std::move(style).error();
  options.style = *style;
  auto format = ParseFormat(raw.format);
  if (!format) return std::move(format).error();
  options.format = *format;
  const auto colors = ParseColors(raw.color);
  if (!colors) return colors.error();
  options.colors = *colors;
  for (const ReportOption& option : report.options) {
    const auto given = raw.wishes.find(option.name);
    if (given->second.empty()) continue;
    Status checked = CheckValue(option, given->second.back());
    if (!checked) return std::move(checked).error();
    options.wishes.Add(option.name, given->second);
  }
  // For checks of what belongs together.
  if (since_text) options.wishes.Add("--since", {*since_text});
  if (raw.format) options.wishes.Add("--output", {*raw.format});
  if (raw.quiet) options.wishes.Add("--quiet", {});
  if (std::string filters = FiltersText(raw); !filters.empty()) {
    options.wishes.Add(kFiltersWish, {std::move(filters)});
  }
  options.now_ns = now_ns;
  if (report.check != nullptr) {
    const Status checked = report.check(options.wishes, {.now_ns = now_ns, .zone = zone});
    if (!checked) return checked.error();
  }
  options.columns = ColumnsByDefault(report);
  if (report.columns_for != nullptr) {
    auto columns = report.columns_for(options.wishes, {.now_ns = now_ns, .zone = zone});
    if (!columns) return std::move(columns).error();
    options.columns = std::move(*columns);
  }
  const auto limit = LimitOf(raw, report, *format);
  if (!limit) return limit.error();
  if (raw.sort && raw.sort->empty()) {
    return Error("--sort: '' is no column; 'none' leaves rows as they stand in the log");
  }
  auto view = MakeView(*format, {.report = report.name,
                                 .of_columns = options.columns,
                                 .default_sort = DefaultSortOf(report, options.columns),
                                 .columns = raw.columns,
                                 .sort = raw.sort.value_or(""),
                                 .reverse = raw.reverse,
                                 .limit = *limit,
                                 .salvaged = raw.salvaged,
                                 .several_hosts = true});
  if (!view) return std::move(view).error();
  options.view = std::move(*view);
  options.names_columns = !raw.columns.empty();
  const Columns columns = raw.columns.empty() ? Columns::kOfReport : Columns::kAskedFor;
  options.log.skips = SkipsFor(options, columns);
  options.headings = raw.no_header ? Headings::kNo : Headings::kYes;
  options.truncates = !raw.no_truncate;
  options.uses_pager = !raw.no_pager;
  options.shows_progress = !raw.quiet;
  options.output_path = raw.output_path;
  options.folder = raw.folder;
  options.salvaged = raw.salvaged;
  return options;
}

// All verbs, and the options of those that are among `words`: to make them for all of them would
// take longer than many a report.
void AddVerbs(CLI::App* app, std::span<const std::string_view> words, RawOptions* raw) {
  app->description("Answers questions from the process accounting log that daybookd writes.");
  app->name("daybook");
  app->set_version_flag("--version", "daybook " DAYBOOK_VERSION);
  app->require_subcommand(1);
  app->footer(
      "Exit status: 0 fine, 1 a check found something, 2 wrong usage, 3 input unreadable,\n"
      "4 done, but data were damaged or lost.\n\n"
      "'daybook VERB --help' or 'daybook help VERB' shows the options and some examples.");
  for (const Report* report : Reports()) {
    CLI::App* verb = app->add_subcommand(std::string(report->name), std::string(report->summary));
    if (std::ranges::count(words, report->name) != 0) AddOptions(verb, *report, raw);
  }
}

}  // namespace

void SeeCommandLine(const std::function<void(const CLI::App& app)>& see) {
  CLI::App app;
  RawOptions raw;
  AddVerbs(&app, VerbNames(), &raw);
  see(app);
}

Result<std::variant<Options, HelpText>> ParseOptions(int argc, const char* const* argv,
                                                     int64_t now_ns, const LocalZone& zone) {
  using Parsed = std::variant<Options, HelpText>;
  if (argc > 1 && argv[1] == std::string_view("help")) {
    if (argc > 2 && FindReport(argv[2]) == nullptr) return NoVerb(argv[2]);
    const std::array<const char*, 3> asked{argv[0], argc > 2 ? argv[2] : "--help", "--help"};
    return ParseOptions(asked.size(), asked.data(), now_ns, zone);
  }
  CLI::App app;
  RawOptions raw;
  AddVerbs(&app, std::vector<std::string_view>(argv, argv + argc), &raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& call) {
    return Parsed(HelpText{std::string(call.what()) + '\n'});
  } catch (const CLI::Success&) {
    return Parsed(HelpText{app.help()});
  } catch (const CLI::ParseError& error) {
    return UsageError(app, error, argc, argv);
  }
  if (AsksForFilterHelp(raw)) return Parsed(HelpText{FilterFieldsHelp()});
  const Report* report = FindReport(app.get_subcommands().front()->get_name());
  const auto asked_zone = ZoneOf(raw);
  if (!asked_zone) return asked_zone.error();
  auto options = Check(*report, raw, now_ns, asked_zone->value_or(zone));
  if (!options) return std::move(options).error();
  options->zone = *asked_zone;
  return Parsed(std::move(*options));
}

}  // namespace daybook
