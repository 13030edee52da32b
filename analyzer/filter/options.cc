#include "filter/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "cgroup_names.h"

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
    {"--cgroup", Form::kInCgroup, "cgroup", "PATH,..", "In these cgroups and those below"},
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

// As a regular expression that matches nothing else.
std::string Literal(std::string_view text) {
  std::string literal;
  for (const char c : text) {
    if (c != '_' && std::ispunct(static_cast<unsigned char>(c)) != 0) literal.push_back('\\');
    literal.push_back(c);
  }
  return literal;
}

// "field == A || field =~ ^A/ || ..."; of the root, whatever has a path.
std::string InCgroup(std::string_view field, const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    const std::string path = NameInField("--cgroup", value);
    const std::string below = "^" + Literal(path == "/" ? "" : path) + "/";
    fmt::format_to(std::back_inserter(text), "{}{} == {} || {} =~ {}", text.empty() ? "" : " || ",
                   field, Quoted(path), field, Quoted(below));
  }
  return text;
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
    case Form::kInCgroup:
      return InCgroup(option.field, values);
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

// A variable of a shell that is not set is no wish to see everything.
bool HasEmptyPath(const GivenFilter& given) {
  return given.option->form == Form::kInCgroup &&
         std::ranges::find(given.values, std::string()) != given.values.end();
}

// Of what the user has not written nothing is shown.
Error WithoutExpression(const Error& error) {
  return Error(error.message().substr(0, error.message().find('\n')));
}

}  // namespace

std::span<const FilterOption> FilterOptions() { return kOptions; }

std::string NameInField(std::string_view option, std::string_view value) {
  constexpr std::string_view kService = ".service";
  std::string name(value);
  if (option == "--service" && !name.ends_with(kService)) return name.append(kService);
  if (option == "--container") return std::string(ShortContainerId(value));
  const bool is_id = name.find_first_not_of("0123456789") == name.npos;
  if (option != "--cgroup" || is_id) return name;
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  if (!name.starts_with('/')) name.insert(0, "/");
  return name;
}

Result<Filter> MakeFilter(std::span<const GivenFilter> given, const FilterClock& clock) {
  Filter filter;
  std::vector<std::string_view> about_ends;
  for (const GivenFilter& wish : given) {
    const auto& [option, values] = wish;
    if (HasEmptyPath(wish)) {
      return Error(fmt::format("{}: an empty path; all cgroups are below '/'", option->name));
    }
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
