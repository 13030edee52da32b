#include "filter/name_notes.h"

#include <algorithm>
#include <optional>
#include <set>

#include "columns/cgroup_names.h"
#include "daybook/cgroup_path.h"
#include "filter/options.h"
#include "log/recorded_times.h"
#include "text/escape.h"
#include "text/nearest.h"

namespace daybook {
namespace {

// What is told by a cgroup's path.
struct CgroupPart {
  std::string_view option;
  std::string_view what;
  std::optional<std::string_view> (*part)(std::string_view cgroup);
};
constexpr CgroupPart kCgroupParts[] = {
    {"--cgroup", "cgroup", [](std::string_view path) { return std::optional(path); }},
    {"--service", "service", ServiceOf},
    {"--session", "session", LoginSessionOf},
    {"--container", "container", ContainerOf}};

void AddHostNotes(std::span<const std::string> asked, const LogSet& log, Table& table) {
  std::set<std::string> hosts;
  for (const Boot& boot : log.boots()) {
    if (boot.host) hosts.insert(*boot.host);
  }
  // The head of a log of which all is left out tells, too.
  const HostNames names(log);
  for (const auto& [path, segment] : log.left_out()) {
    hosts.insert(names.OfLog(segment.start->stream_id));
  }
  const std::vector<std::string_view> known(hosts.begin(), hosts.end());
  for (const std::string& name : asked) {
    if (hosts.contains(name)) continue;
    table.AddNote(NameNote("what was read tells of no host", name, known));
  }
}

void AddCgroupNotes(const CgroupPart& part, std::span<const std::string> asked, const LogSet& log,
                    Table& table) {
  std::vector<std::string_view> known;
  for (const Boot& boot : log.boots()) {
    for (const auto& [unused, path] : boot.cgroups) {
      if (const auto name = part.part(path)) known.push_back(*name);
    }
  }
  for (const std::string& value : asked) {
    const std::string name = NameInField(part.option, value);
    const auto is_meant = [&](std::string_view other) {
      return other == value || other == name ||
             (part.option == "--cgroup" && IsInCgroup(other, name));
    };
    if (part.option == "--cgroup" && IsCgroupId(value)) continue;
    if (std::ranges::any_of(known, is_meant)) continue;
    table.AddNote(
        NameNote(std::string("what was read tells of no ").append(part.what), name, known));
  }
}

}  // namespace

std::string NameNote(std::string_view begin, std::string_view name,
                     std::span<const std::string_view> known) {
  std::string note(begin);
  note += " '";
  AppendEscaped(name, &note);
  note += '\'';
  AppendEscaped(DidYouMean(name, known), &note);
  return note;
}

void AddNameNotes(const AskedNames& asked, const LogSet& log, Table& table) {
  if (const auto hosts = asked.find("--host"); hosts != asked.end()) {
    AddHostNotes(hosts->second, log, table);
  }
  for (const CgroupPart& part : kCgroupParts) {
    const auto names = asked.find(part.option);
    if (names != asked.end()) AddCgroupNotes(part, names->second, log, table);
  }
}

}  // namespace daybook
