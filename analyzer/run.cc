#include "run.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "escape.h"

namespace daybook {
namespace {

std::unique_ptr<Output> MakeOutput(Format format, OutputFile* file, const LocalZone& zone) {
  switch (format) {
    case Format::kText:
      return MakeTextOutput(file, zone);
    case Format::kJson:
      return MakeJsonOutput(file, zone);
    case Format::kJsonLines:
      return MakeJsonLinesOutput(file, zone);
    case Format::kCsv:
      return MakeCsvOutput(file, zone);
  }
  return nullptr;
}

std::vector<Column> SelectedColumns(const Report& report, const TableView& view) {
  std::vector<Column> columns;
  for (const size_t column : view.columns) columns.push_back(report.columns[column]);
  return columns;
}

Result<OutputFile> OpenOutput(const std::string& path) {
  if (path == "-") return OutputFile::StandardOutput();
  return OutputFile::Create(path);
}

// These formats have no place for what the rows cannot tell.
bool IsSilent(Format format) { return format == Format::kJsonLines || format == Format::kCsv; }

}  // namespace

void PrintError(const Error& error) {
  std::string line = "daybook: ";
  AppendEscaped(error.message(), &line);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int Run(const Options& options, const LocalZone& zone) {
  auto log = LogSet::Open(options.paths, options.report->repeats);
  if (!log) {
    PrintError(log.error());
    return kExitUnreadable;
  }
  if (log->Reads(options.output_path)) {
    PrintError(Error("cannot write to " + options.output_path + ": it is a part of the log"));
    return kExitUsage;
  }
  auto file = OpenOutput(options.output_path);
  if (!file) {
    PrintError(file.error());
    return kExitUsage;
  }
  const auto output = MakeOutput(options.format, &*file, zone);
  output->Begin(options.report->name, SelectedColumns(*options.report, options.view));
  Table table(options.view, output.get());
  const Coverage coverage = options.report->run(*log, options.window, table);
  table.Finish();
  output->Finish({.total = table.total(), .notes = table.notes(), .coverage = coverage});

  if (const Status closed = file->Close(); !closed) {
    PrintError(closed.error());
    return kExitUnreadable;
  }
  if (file->reader_is_gone()) return kExitFine;
  for (const Error& error : log->errors()) PrintError(error);
  if (!log->errors().empty()) return kExitUnreadable;
  if (!coverage.incomplete()) return kExitFine;
  if (IsSilent(options.format)) {
    PrintError(Error(fmt::format("the log is not complete {}", CoverageLine(coverage, zone))));
  }
  return kExitIncomplete;
}

}  // namespace daybook
