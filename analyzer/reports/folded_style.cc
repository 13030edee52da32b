// What processes cost, by the names of their ancestors: a line for each stack of them, as tools
// that draw flame graphs read it.

#include <fmt/format.h>

#include <string>
#include <vector>

#include "columns/life_fields.h"
#include "groups/life_stacks.h"
#include "life_log.h"
#include "reports/export_styles.h"

namespace daybook {
namespace {

constexpr std::string_view kCount = "count";
constexpr std::string_view kByDefault = "cpu";

// What adds up, without the units.
constexpr std::string_view kWeights[] = {kByDefault, "elapsed", kCount,  "utime",  "stime",
                                         "minflt",   "majflt",  "nvcsw", "nivcsw", "rchar",
                                         "wchar",    "read",    "write"};

// nullptr for the number of processes.
const LifeField* FieldOf(std::string_view weight) {
  return weight == kCount ? nullptr : FindLifeField(weight);
}

std::string_view WeightOf(const Wishes& wishes) {
  return wishes.Value(kWeighOption).value_or(kByDefault);
}

// nullopt where it is not known.
std::optional<uint64_t> ValueOf(const LifeField* weight, const Boot& boot, const Life& life,
                                LifeTexts& texts) {
  if (weight == nullptr) return 1;
  const Cell cell = weight->get(boot, life, texts);
  const auto* value = std::get_if<uint64_t>(&cell);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

// Those that are in no stack.
struct Unknown {
  uint64_t processes = 0;
  uint64_t running = 0;

  std::vector<std::string> Notes(std::string_view weight) const {
    if (processes == 0) return {};
    return {fmt::format("the {} of {} processes is not known: they are in no stack; {} still run",
                        weight, processes, running)};
  }
};

}  // namespace

std::vector<std::string_view> WeightNames() { return {std::begin(kWeights), std::end(kWeights)}; }

Result<Answer> WriteFolded(const Question& question) {
  const std::string_view weight = WeightOf(question.wishes);
  const LifeField* const field = FieldOf(weight);
  LifeTexts texts(question.zone);
  LifeStacks stacks(question.log.has_several_logs() ? LifeStacks::Hosts::kShown
                                                    : LifeStacks::Hosts::kLeftOut);
  Unknown unknown;
  const Coverage coverage = ReadLives(question, [&](const Boot& boot, const Life& life) {
    const auto value = ValueOf(field, boot, life, texts);
    if (!value) {
      ++unknown.processes;
      unknown.running += life.state == LifeState::kRunning;
      return LifeUse::kFiltered;
    }
    stacks.Add(boot, life, *value);
    return LifeUse::kUsed;
  });
  OutputFile& file = *question.output;
  stacks.ForEach([&](const std::string& stack, uint64_t value) {
    if (file.closed()) return;
    file.buffer() += fmt::format("{} {}\n", stack, value);
    file.Written();
  });
  return Answer{.coverage = coverage, .notes = unknown.Notes(weight)};
}

}  // namespace daybook
