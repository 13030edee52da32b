#include "filter/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "columns/cgroup_names.h"

namespace daybook {
namespace {

using Form = FilterOption::Form;

constexpr FilterOption kOptions[] = {
    {"--filter", Form::kExpression, "", "EXPR",
     "Only what this says, as 'cpu > 1s && !ok'; help: more"},
    {"--user", Form::kOneOf, "user", "NAME,..", "Of these users"},
    {"--group", Form::kOneOf, "group", "NAME,..", "Of these groups"},
    {"--comm", Form::kOneOf, "comm", "NAME,..", "With these task names"},
    {"--exe", Form::kOneOf, "exe", "PATH,..", "Of these programs"},
    {"--pid", Form::kOneOf, "pid", "PID,..", "With these pids"},
    {"--ppid", Form::kOneOf, "ppid", "PID,..", "Whose birth parent had these pids"},
    {"--tty", Form::kOneOf, "tty", "NAME,..", "On these terminals"},
    {"--cgroup", Form::kInCgroup, "", "PATH,..", "In these cgroups and those below"},
    {"--service", Form::kOneOf, "service", "NAME,..", "Of these systemd services"},
    {"--session", Form::kOneOf, "session", "ID,..", "Of these login sessions"},
    {"--container", Form::kOneOf, "container", "ID,..", "In these containers"},
    {"--host", Form::kOneOf, "host", "NAME,..", "Of these hosts"},
    {"--status", Form::kOneOf, "status", "STATUS,..", "That ended so: 3, SIGKILL"},
    {"--signal", Form::kOneOf, "signal", "NAME,..", "That these signals ended"},
    {"--failed", Form::kFact, "failed", "", "That ended with another status than 0"},
    {"--ok", Form::kFact, "ok", "", "That ended with status 0"},
    {"--min-cpu", Form::kAtLeast, "cpu", "TIME", "That took at least so much CPU time"},
    {"--min-elapsed", Form::kAtLeast, "elapsed", "TIME", "That lived at least so long"},
    {"--existed-at", Form::kExistedAt, "", "TIME", "That were alive at that time"},
};

std::string Quoted(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

std::string Expression(const FilterOption& option, const std::vector<std::string>& values) {
  switch (option.form) {
    case Form::kFact:
      return std::string(option.field);
    case Form::kOneOf: {
      std::vector<std::string> quoted;
      for (const std::string& value : values) {
        quoted.push_back(Quoted(value));
        const std::string name = NameInField(option.name, value);
        if (name != value) quoted.push_back(Quoted(name));
      }
      return fmt::format("{} in {{{}}}", option.field, fmt::join(quoted, ", "));
    }
    case Form::kInCgroup: {
      std::vector<std::string> calls;
      for (const std::string& value : values) {
        calls.push_back(fmt::format("in_cgroup({})", Quoted(value)));
      }
      return fmt::format("{}", fmt::join(calls, " || "));
    }
    case Form::kAtLeast:
      return fmt::format("{} >= {}", option.field, Quoted(values.front()));
    case Form::kExistedAt:
      return fmt::format("existed_at({})", Quoted(values.front()));
    case Form::kExpression:
      return values.front();
  }
  return {};
}

Error NoSuchEnd(const FilterOption& option, std::span<const std::string_view> others) {
  if (!others.empty()) {
    return Error(fmt::format("{}: no process ends so and as {} says; leave one of them out",
                             option.name, fmt::join(others, ", ")));
  }
  return Error(
      fmt::format("{}: no process ends so, and none could be shown: there are the exit "
                  "codes 0 to 255, or else a signal",
                  option.name));
}

// Of what the user has not written nothing is shown.
Error WithoutExpression(const Error& error) {
  return Error(error.message().substr(0, error.message().find('\n')));
}

}  // namespace

std::span<const FilterOption> FilterOptions() { return kOptions; }

std::string NameInField(std::string_view option, std::string_view value) {
  constexpr std::string_view kService = ".service";
  constexpr size_t kTaskNameBytes = 15;  // TASK_COMM_LEN without its NUL
  std::string name(value);
  if (option == "--comm") return name.substr(0, kTaskNameBytes);
  if (option == "--service" && !name.ends_with(kService)) return name.append(kService);
  if (option == "--container") return std::string(ShortContainerId(value));
  if (option == "--cgroup") return CgroupPathFrom(value);
  return name;
}

Result<Filter> MakeFilter(std::span<const GivenFilter> given, const FilterClock& clock) {
  Filter filter;
  std::vector<std::string_view> about_ends;
  for (const GivenFilter& wish : given) {
    const auto& [option, values] = wish;
    const Status status = filter.Require(Expression(*option, values), clock);
    if (status) {
      Filter alone;
      if (!alone.Require(Expression(*option, values), clock) || !alone.LimitsEnds()) continue;
      if (!alone.AllowsAnEnd(clock.zone)) return NoSuchEnd(*option, {});
      if (!filter.AllowsAnEnd(clock.zone)) return NoSuchEnd(*option, about_ends);
      about_ends.push_back(option->name);
      continue;
    }
    const bool is_users_own = option->form == Form::kExpression;
    Error error = is_users_own ? status.error() : WithoutExpression(status.error());
    return std::move(error).WithContext(option->name);
  }
  return filter;
}

}  // namespace daybook
