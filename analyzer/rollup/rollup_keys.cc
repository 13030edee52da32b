#include "rollup/rollup_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/nearest.h"

namespace daybook {
namespace {

constexpr std::string_view kDefaultKey = "comm";
constexpr size_t kMonthBytes = std::string_view("2026-11").size();

Cell HostCell(const RollupFacts& facts, const RollupGroupKey&, LifeTexts&) {
  return OptionalCell(facts.host);
}

Cell DayCell(const RollupFacts& facts, const RollupGroupKey&, LifeTexts&) {
  return Text{facts.day};
}

Cell MonthCell(const RollupFacts& facts, const RollupGroupKey&, LifeTexts&) {
  return Text{std::string_view(facts.day).substr(0, kMonthBytes)};
}

template <std::optional<std::string> RollupGroupKey::*Member>
Cell TextOf(const RollupFacts&, const RollupGroupKey& key, LifeTexts&) {
  return OptionalCell(key.*Member);
}

// The name that it had where the roll-up was made, else the bare id.
Cell UserCell(const RollupFacts&, const RollupGroupKey& key, LifeTexts&) {
  return key.user ? Cell(Text{*key.user}) : OptionalCell(key.uid);
}

Cell UidCell(const RollupFacts&, const RollupGroupKey& key, LifeTexts&) {
  return OptionalCell(key.uid);
}

// What a wait status means is known where it is known of lives.
enum class OfStatus : uint8_t { kWaitStatus, kExitCode, kSignal, kStatus, kCore, kOk };
constexpr std::string_view kOfStatus[] = {"wait_status", "exit_code", "signal",
                                          "status",      "core",      "ok"};
template <OfStatus kField>
Cell StatusPart(const RollupFacts&, const RollupGroupKey& key, LifeTexts& texts) {
  static const LifeField* const field = FindLifeField(kOfStatus[static_cast<size_t>(kField)]);
  static const Boot no_boot;
  Life life;
  life.wait_status = key.wait_status;
  return field->get(no_boot, life, texts);
}

constexpr RollupField kFields[] = {
    {{"host", Kind::kString}, "name of the host that was recorded", HostCell, true},
    {{"day", Kind::kString}, "of the end, in the local time of the roll-up", DayCell, true},
    {{"month", Kind::kString}, "of that day", MonthCell, true},
    {{"comm", Kind::kString}, "task name", TextOf<&RollupGroupKey::comm>},
    {{"user", Kind::kUser}, "name of uid where the roll-up was made", UserCell},
    {{"uid", Kind::kNumber}, "real user id", UidCell},
    {{"service", Kind::kString}, "systemd service, by cgroup", TextOf<&RollupGroupKey::service>},
    {{"container", Kind::kString}, "container, by cgroup", TextOf<&RollupGroupKey::container>},
    {{"wait_status", Kind::kNumber}, "what wait(2) told", StatusPart<OfStatus::kWaitStatus>},
    {{"exit_code", Kind::kNumber}, "where it ended by itself", StatusPart<OfStatus::kExitCode>},
    {{"signal", Kind::kSignal}, "the signal that ended it", StatusPart<OfStatus::kSignal>},
    {{"status", Kind::kString}, "exit code or signal", StatusPart<OfStatus::kStatus>},
    {{"core", Kind::kBool}, "whether it dumped core", StatusPart<OfStatus::kCore>},
    {{"ok", Kind::kBool}, "ended with wait status 0", StatusPart<OfStatus::kOk>}};

}  // namespace

std::span<const RollupField> RollupFields() { return kFields; }

Result<std::vector<const RollupField*>> RollupKeys(std::span<const std::string> names) {
  std::vector<std::string_view> known;
  for (const RollupField& field : kFields) known.push_back(field.column.name);
  std::vector<const RollupField*> keys;
  const auto add = [&](std::string_view name) {
    keys.push_back(&kFields[std::ranges::find(known, name) - known.begin()]);
  };
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) == known.end()) {
      const std::string hint = DidYouMean(name, known);
      return Error(fmt::format(
          "--by: no key '{}'{}", name,
          hint.empty() ? fmt::format("; roll-ups have {}", fmt::join(known, ", ")) : hint));
    }
    add(name);
    if (std::ranges::count(keys, keys.back()) > 1) {
      return Error(fmt::format("--by: '{}' stands there twice", name));
    }
  }
  if (keys.empty()) add(kDefaultKey);
  return keys;
}

}  // namespace daybook
