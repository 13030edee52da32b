#include "raw_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <span>

#include "filter/options.h"
#include "option_values.h"
#include "usage_error.h"

namespace daybook {
namespace {

constexpr char kTimeHelp[] =
    "now, today, yesterday, 14:00, '2026-11-20 14:00', RFC 3339, @EPOCH, -2h, '2h ago'";

void AppendNames(std::span<const Column> columns, std::string* text) {
  for (const Column& column : columns) {
    if (CanBeNamed(column)) text->append(" ").append(column.name);
  }
}

// What the report shows, by name.
std::string ColumnsOrSections(const Report& report) {
  std::string names;
  if (report.page != nullptr) {
    for (const std::string_view name : report.sections()) {
      names.append(names.empty() ? "Sections: " : " ").append(name);
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
    names += fmt::format("{}{}: {}", names.empty() ? "" : "; ", style.name, style.summary);
  }
  return names;
}

// Of a report with one table.
void AddColumns(CLI::App* verb, const Report& report, RawOptions* raw) {
  verb->add_option("--columns", raw->columns, "Show these, in this order")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false);
  if (IsInLogOrder(report)) return;
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

// All verbs, and the options of those that are among `words`: to make them for all of them would
// take longer than many a report.
void AddVerbs(CLI::App* app, std::span<const std::string_view> words, RawOptions* raw) {
  app->description("Answers questions from the process accounting log that daybookd writes.");
  app->name("daybook");
  app->set_version_flag("--version", "daybook " DAYBOOK_VERSION);
  app->require_subcommand(1);
  app->footer(
      "Exit status: 0 fine, 1 a check found something, 2 wrong usage, 3 input unreadable,\n"
      "4 done, but data were damaged or lost; of status: not recording. daybook(1) has more.\n\n"
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

Result<std::variant<RawOptions, HelpText>> ReadCommandLine(int argc, const char* const* argv) {
  using Read = std::variant<RawOptions, HelpText>;
  if (argc > 1 && argv[1] == std::string_view("help")) {
    if (argc > 2 && FindReport(argv[2]) == nullptr) return NoVerb(argv[2]);
    const std::array<const char*, 3> asked{argv[0], argc > 2 ? argv[2] : "--help", "--help"};
    return ReadCommandLine(asked.size(), asked.data());
  }
  CLI::App app;
  RawOptions raw;
  AddVerbs(&app, std::vector<std::string_view>(argv, argv + argc), &raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& call) {
    return Read(HelpText{std::string(call.what()) + '\n'});
  } catch (const CLI::Success&) {
    return Read(HelpText{app.help()});
  } catch (const CLI::ParseError& error) {
    return UsageError(app, error, argc, argv);
  }
  raw.report = FindReport(app.get_subcommands().front()->get_name());
  return Read(std::move(raw));
}

}  // namespace daybook
