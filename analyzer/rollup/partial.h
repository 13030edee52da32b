// `report --partial`: what the time adds up to, in a file that `merge` reads.
#pragma once

#include <vector>

#include "log/log_set.h"
#include "page.h"
#include "report.h"

namespace daybook {

// True where the wishes ask for it.
bool AsksForPartial(const Wishes& wishes);

// What is wrong with what was given, if anything is.
Status CheckPartial(const Wishes& wishes);

// Adds the files that could not be read, but for those that are told of with `told`.
void AddFailures(const LogSet& log, const LogSet& told, std::vector<Error>* failures);

// Writes the file and tells on the page what is in it; nothing where the file is standard output.
Result<Answer> WritePartial(const Question& question, Page& page);

}  // namespace daybook
