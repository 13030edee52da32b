#include "run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "daybook/salvage.h"
#include "exit_status.h"
#include "filter/name_notes.h"
#include "log/log_files.h"
#include "log/progress.h"
#include "log/recorded_times.h"
#include "output/messages.h"
#include "output/pager.h"
#include "output/terminal.h"
#include "page.h"
#include "report_view.h"

namespace daybook {
namespace {

// Without what tells hosts apart, where there is one and nobody asked for it.
TableView ViewOf(const Options& options, const LogSet& log) {
  TableView view = options.view;
  if (!IsForPeople(options.format) || options.names_columns || log.has_several_logs()) return view;
  std::erase_if(view.columns, [&](size_t column) {
    return options.columns[column].shown == Shown::kOfSeveralHosts;
  });
  return view;
}

Error IsPartOfLog(const std::string& path) {
  return Error("cannot write to " + path + ": it is a part of the log");
}

Error NoProcesses() {
  return Error(
      "what is read holds roll-ups, which have sums but no processes; 'daybook merge' reads them");
}

Result<OutputFile> OpenOutput(const std::string& path) {
  if (path == "-") return OutputFile::StandardOutput();
  return OutputFile::Create(path);
}

Result<std::vector<std::string>> FilesOf(const Options& options) {
  if (options.report->find_files == nullptr) return options.paths;
  return options.report->find_files(options.paths);
}

// A line of mail has at most 998 bytes (RFC 5322). So much of a text leaves room for the others of
// its row.
constexpr size_t kMailTextBytes = 240;

Appearance AppearanceOf(const Options& options, const OutputFile& file) {
  const bool is_text = options.format == Format::kText;
  const bool is_mail = options.report->page != nullptr && options.truncates;
  return {.headings = options.headings,
          .line_width = options.truncates ? file.terminal_width() : 0,
          .text_bytes = is_mail ? kMailTextBytes : 0,
          .cut_mark = CutMarkOfLocale(),
          .colors = is_text ? ColorsFor(options.colors, file.is_terminal()) : Colors::kNo};
}

// nullptr where there is none.
std::unique_ptr<Pager> MakePager(const Options& options, const OutputFile& file) {
  const bool is_read = options.output_path == "-" && options.style == nullptr &&
                       IsForPeople(options.format) && !options.report->is_live;
  if (!is_read || !options.uses_pager || !file.is_terminal() || !IsTerminalAble()) return nullptr;
  std::vector<std::string> commands = Pager::Wanted();
  return commands.empty() ? nullptr : std::make_unique<Pager>(std::move(commands));
}

void StartPager(Pager* pager) {
  if (pager == nullptr) return;
  if (const Status started = pager->Start(); !started) PrintError(started.error());
}

// These formats have no place for what the rows cannot tell.
bool IsSilent(Format format) {
  return format == Format::kJsonLines || format == Format::kCsv || format == Format::kTsv;
}

int ExitStatus(const LogSet& log, const Answer& answer) {
  if (!log.failures().empty() || !answer.failures.empty()) return kExitUnreadable;
  if (answer.exit_status) return *answer.exit_status;
  return answer.coverage.incomplete() ? kExitIncomplete : kExitFine;
}

void PrintNotes(const Table& table, Format format) {
  if (!IsSilent(format)) return;
  for (const std::string& note : table.notes()) PrintError(Error(note));
}

int Fail(const Error& error, int status) {
  PrintError(error);
  return status;
}

// What was given to the options that name such a file.
std::vector<std::string> FilesNamed(const Options& options, ReportOption::Names names) {
  std::vector<std::string> files;
  for (const ReportOption& option : options.report->options) {
    if (option.names != names) continue;
    const auto values = options.wishes.Values(option.name);
    files.insert(files.end(), values.begin(), values.end());
  }
  return files;
}

// Whatever it is that would be written over a part of a log that is read, or over a segment of
// another one.
Status CheckOutputs(const Options& options, std::vector<std::string> logs) {
  std::ranges::copy(FilesNamed(options, ReportOption::Names::kLog), std::back_inserter(logs));
  if (IsPartOf(logs, options.output_path)) return IsPartOfLog(options.output_path);
  std::vector<std::string> outputs = FilesNamed(options, ReportOption::Names::kOutput);
  // A file of roll-ups may take the place of one that it is made from: once that has been read.
  const bool reads_rollups = options.report->find_files != nullptr;
  for (const std::string& output : outputs) {
    if (!reads_rollups && IsPartOf(logs, output)) return IsPartOfLog(output);
  }
  outputs.push_back(options.output_path);
  for (const std::string& output : outputs) {
    if (IsSegment(output)) return Error("cannot write to " + output + ": it is a part of a log");
  }
  return Ok{};
}

// Programs that asked for no more know that.
void NoteLimit(const Options& options, Table& table) {
  if (!IsForPeople(options.format) || table.LeftOut() == 0) return;
  const uint64_t limit = *options.view.limit;
  table.AddNote(
      fmt::format("{} of {} rows are shown: --limit {}", limit, limit + table.LeftOut(), limit));
}

// Fills a table that rests on no records of a log.
template <class Fill>
int WriteTable(const Options& options, const LocalZone& zone, OutputFile& file, const Fill& fill) {
  const auto output = MakeOutput(options.format, AppearanceOf(options, file), &file, zone);
  auto pager = MakePager(options, file);
  file.BeforeWriting([&] { StartPager(pager.get()); });
  output->Begin(options.report->name, ColumnsOf(options.view, options.columns));
  Table table(options.view, output.get());
  const Result<int> status = fill(table);
  if (!status) return Fail(status.error(), kExitUnreadable);
  if (const Status finished = table.Finish(); !finished) {
    return Fail(finished.error(), kExitUnreadable);
  }
  NoteLimit(options, table);
  output->Finish({.total = table.total(), .notes = table.notes()});
  PrintNotes(table, options.format);
  const Status closed = file.Close();
  pager.reset();
  if (!closed) return Fail(closed.error(), kExitUnreadable);
  return *status;
}

// A report that reads no records.
int Look(const Options& options, const LocalZone& zone) {
  const Status sound = CheckOutputs(options, options.paths);
  if (!sound) return Fail(sound.error(), kExitUsage);
  auto file = OpenOutput(options.output_path);
  if (!file) return Fail(file.error(), kExitUsage);
  return WriteTable(options, zone, *file, [&](Table& table) {
    return options.report->look(options.paths, options.wishes, table);
  });
}

// The folder of a report that writes_folder. Where it was made for that and is still empty in the
// end, it is no log.
class WrittenFolder {
 public:
  explicit WrittenFolder(std::string path) : path_(std::move(path)) {}
  WrittenFolder(const WrittenFolder&) = delete;
  WrittenFolder& operator=(const WrittenFolder&) = delete;
  ~WrittenFolder() {
    std::error_code unknown;
    if (is_new_) std::filesystem::remove(path_, unknown);
  }

  Status Open() {
    std::error_code unknown;
    is_new_ = !std::filesystem::exists(path_, unknown);
    auto folder = CreateLogFolder(path_);
    if (!folder) return std::move(folder).error();
    folder_ = std::move(*folder);
    return Ok{};
  }
  std::unique_ptr<LogFolder> Take() { return std::move(folder_); }
  LogFolder* get() const { return folder_.get(); }  // nullptr where it was not opened

 private:
  std::string path_;
  bool is_new_ = false;
  std::unique_ptr<LogFolder> folder_;
};

Status OpenFolder(const Options& options, const LogSet& log, WrittenFolder* folder) {
  if (!options.report->writes_folder) return Ok{};
  if (log.ReadsFolderOf(options.folder)) return IsPartOfLog(options.folder);
  return folder->Open();
}

int Import(const Options& options, const LocalZone& zone) {
  WrittenFolder folder(options.folder);
  if (Status opened = folder.Open(); !opened) return Fail(opened.error(), kExitUsage);
  OutputFile file = OutputFile::StandardOutput();
  return WriteTable(options, zone, file, [&](Table& table) -> Result<int> {
    auto imported = options.report->import(options.paths, options.wishes, folder.Take(), table);
    if (!imported) return std::move(imported).error();
    for (const Error& failure : imported->failures) PrintError(failure);
    return imported->exit_status;
  });
}

void AddNotes(const Options& options, const LogSet& log, const Coverage& coverage,
              const LocalZone& zone, Table& table) {
  // Roll-ups were made behind the times that they tell of, and what has not been read yet may tell
  // more.
  const bool tells_times = !coverage.rollups && !coverage.stopped_early;
  // Of a log that is followed from no time on, older segments were not looked at.
  const bool tells_begin = !options.report->is_live || log.window().since_ns;
  const auto end = tells_times ? log.EndBeforeWindow() : std::nullopt;
  if (end) table.AddNote(EndLine(*end, zone));
  AddNameNotes(options.names, log, table);
  if (!log.window().bounded() || !tells_times || !tells_begin) return;
  table.AddNotes(NotRecordedLines(log, log.window(), zone));
}

Result<Answer> WriteAnswer(const Options& options, const Question& question) {
  if (options.style != nullptr) return options.style->write(question);
  const LocalZone& zone = question.zone;
  OutputFile* const file = question.output;
  const Appearance appearance = AppearanceOf(options, *file);
  if (options.report->page != nullptr) {
    Page page(options.format, options.view.limit, appearance, file, zone);
    return options.report->page(question, page);
  }
  const auto output = MakeOutput(options.format, appearance, file, zone);
  const TableView view = ViewOf(options, question.log);
  output->Begin(options.report->name, ColumnsOf(view, options.columns));
  Table table(view, output.get());
  auto answer = options.report->run(question, table);
  if (!answer) return answer;
  AddNotes(options, question.log, answer->coverage, zone, table);
  if (Status finished = table.Finish(); !finished) return std::move(finished).error();
  NoteLimit(options, table);
  output->Finish({.total = table.total(),
                  .notes = table.notes(),
                  .coverage = &answer->coverage,
                  .facts = answer->facts,
                  .old_coverage = answer->old_coverage ? &*answer->old_coverage : nullptr});
  PrintNotes(table, options.format);
  return answer;
}

// Where somebody may be waiting, else nullptr.
std::unique_ptr<Progress> ShowProgress(const Options& options, LogSet* log) {
  const bool is_wanted = options.shows_progress && !options.report->is_live;
  if (!is_wanted || isatty(STDERR_FILENO) == 0) return nullptr;
  auto progress = std::make_unique<Progress>(Progress::StandardError());
  log->Show(progress.get());
  return progress;
}

// Where the answer has no place for what the rows cannot tell.
bool IsSilent(const Options& options) {
  return options.style != nullptr || IsSilent(options.format);
}

// Says that on standard error, of an answer with this exit status.
void PrintUntold(const Options& options, const Answer& answer, int status, const LocalZone& zone) {
  const auto& old = answer.old_coverage;
  for (const std::string& note : answer.notes) PrintError(Error(note));
  if (old) PrintCountedTwice("old log", *old, zone);
  PrintCountedTwice("log", answer.coverage, zone);
  for (const std::string& rule : answer.failed_on) PrintError(Error("this applies: " + rule));
  if (old) {  // whatever the status is
    if (old->incomplete()) PrintIncomplete("old log", *old, zone);
    if (answer.coverage.incomplete()) PrintIncomplete("log", answer.coverage, zone);
    return;
  }
  const bool is_told = answer.exit_status && options.report->page == nullptr;
  if (status == kExitIncomplete && !is_told) PrintIncomplete("log", answer.coverage, zone);
}

// What is to be said of an answer that is written. Returns the exit status.
int Conclude(const Options& options, const LogSet& log, const Answer& answer,
             const LocalZone& zone) {
  for (const LogSet::Failure& failure : log.failures()) PrintError(failure.error);
  for (const Error& failure : answer.failures) PrintError(failure);
  if (answer.coverage.holds_rollups && answer.coverage.processes && !answer.coverage.rollups) {
    return Fail(NoProcesses(), kExitUnreadable);
  }
  const int status = ExitStatus(log, answer);
  if (IsSilent(options)) PrintUntold(options, answer, status, zone);
  return status;
}

}  // namespace

int Run(const Options& options, const LocalZone& zone) {
  if (options.report->look != nullptr) return Look(options, zone);
  if (options.report->import != nullptr) return Import(options, zone);
  const auto paths = FilesOf(options);
  if (!paths) return Fail(paths.error(), kExitUnreadable);
  if (Status sound = CheckOutputs(options, *paths); !sound) return Fail(sound.error(), kExitUsage);
  auto log = LogSet::Open(*paths, options.log);
  if (!log) return Fail(log.error(), kExitUnreadable);
  auto file = OpenOutput(options.output_path);
  if (!file) return Fail(file.error(), kExitUsage);
  if (options.style != nullptr && options.style->is_binary && file->is_terminal()) {
    return Fail(Error("not to a terminal: this is no text; give a file with -o"), kExitUsage);
  }
  WrittenFolder folder(options.folder);
  if (Status opened = OpenFolder(options, *log, &folder); !opened) {
    return Fail(opened.error(), kExitUsage);
  }
  const auto progress = ShowProgress(options, &*log);
  auto pager = MakePager(options, *file);
  file->BeforeWriting([&] {
    // What is written to anything but a file may be shown on the same terminal.
    if (progress != nullptr && !file->is_regular_file()) progress->Erase();
    StartPager(pager.get());
  });
  const auto answer = WriteAnswer(options, {.log = *log,
                                            .zone = zone,
                                            .filter = options.filter,
                                            .wishes = options.wishes,
                                            .now_ns = options.now_ns,
                                            .paths = *paths,
                                            .salvaged = options.salvaged,
                                            .folder = folder.get(),
                                            .output = &*file,
                                            .progress = progress.get()});
  if (progress != nullptr) progress->Erase();
  const Status closed = answer ? file->Close() : Status(Ok{});
  const bool is_paged = pager != nullptr;
  pager.reset();
  if (!answer) return Fail(answer.error(), kExitUnreadable);
  if (!closed) return Fail(closed.error(), kExitUnreadable);
  // Who checks a log wants to know how it is, also where nobody reads the rest of the rows.
  if (file->reader_is_gone() && !is_paged) return answer->exit_status.value_or(kExitFine);
  return Conclude(options, *log, *answer, zone);
}

}  // namespace daybook
