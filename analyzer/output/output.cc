#include "output/output.h"

namespace daybook {

std::unique_ptr<Output> MakeOutput(Format format, const Appearance& appearance, OutputFile* file,
                                   const LocalZone& zone) {
  switch (format) {
    case Format::kText:
      return MakeTextOutput(file, zone, appearance);
    case Format::kJson:
      return MakeJsonOutput(file, zone);
    case Format::kJsonLines:
      return MakeJsonLinesOutput(file, zone);
    case Format::kCsv:
      return MakeCsvOutput(file, zone, appearance.headings);
    case Format::kTsv:
      return MakeTsvOutput(file, zone, appearance.headings);
    case Format::kMarkdown:
      return MakeMarkdownOutput(file, zone);
  }
  return nullptr;
}

}  // namespace daybook
