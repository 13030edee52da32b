#include "open_source.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "bpf_source/bpf_source.h"
#include "connector/connector_source.h"
#include "sources/composite_source.h"
#include "sources/filter.h"
#include "sources/filtered_source.h"
#include "sources/replay_source.h"

namespace daybook {
namespace {

using OpenedSource = Result<std::unique_ptr<EventSource>>;

// What the connector tells beside BPF.
constexpr uint32_t kIdTypes = kTypeId | kTypeSession | kTypePtrace;

BpfSourceOptions BpfOptions(const Options& options, const LogEnd& log) {
  BpfSourceOptions bpf;
  bpf.ring_bytes = options.ring_bytes;
  bpf.exact_usage = options.usage == UsageMode::kExact;
  bpf.filter = options.filter;
  bpf.log = log;
  if (options.id_events != IdEvents::kNone) bpf.beside_types = options.filter.events & kIdTypes;
  bpf.args_limit = ArgsLimitBytes(options);
  switch (options.args) {
    case ArgsMode::kNone:
      bpf.args = ArgsCapture::kNone;
      break;
    case ArgsMode::kArgv0:
      bpf.args = ArgsCapture::kFirst;
      break;
    case ArgsMode::kMasked:
    case ArgsMode::kFull:
      bpf.args = ArgsCapture::kAll;
      break;
  }
  return bpf;
}

template <class Source>
OpenedSource AsSource(Result<std::unique_ptr<Source>> source) {
  if (!source) return std::move(source).error();
  return std::unique_ptr<EventSource>(*std::move(source));
}

// Of a source that does not filter in the kernel.
OpenedSource Filtered(OpenedSource source, const Filter& filter) {
  if (!source || !filter.LeavesOutAnything()) return source;
  return std::unique_ptr<EventSource>(std::make_unique<FilteredSource>(*std::move(source), filter));
}

// The log of a process' end may tell its cgroup, that of its birth does not.
Status CheckCgroup(const Filter& filter, std::string_view source) {
  if (filter.only_cgroup.empty()) return Ok{};
  return Error(std::string(source) +
               ": --only-cgroup takes a source that tells the cgroup of every process: bpf");
}

OpenedSource OpenConnector(const Options& options, ConnectorEvents events) {
  ConnectorSourceOptions connector;
  connector.events = events;
  connector.proc.args_limit = ArgsLimitBytes(options);
  connector.proc.first_arg_only = options.args == ArgsMode::kArgv0;
  auto source = AsSource(ConnectorSource::Open(connector));
  if (source) return source;
  return Error("connector: " + source.error().message());
}

// What a recorder before this one may have left, and the log that it must be of.
struct Pinned {
  std::optional<BpfPins> pins;
  LogEnd log;
};

// Where the choice is left to it, not to record would be worse than to record without them.
Result<Pinned> FindPinned(const Options& options, const std::optional<Account>& owner) {
  Pinned found;
  if (options.pin_dir.empty()) return found;
  auto pins = BpfPins::Open(options.pin_dir, owner);
  if (!pins && options.source != "auto") return std::move(pins).error();
  if (!pins) {
    std::fprintf(stderr, "daybookd: %s; recording without pins\n", pins.error().message().c_str());
    return found;
  }
  auto log = FindLogEnd(options.log_dir);
  if (!log) return std::move(log).error();
  found.pins = *std::move(pins);
  found.log = *std::move(log);
  return found;
}

OpenedSource OpenBpf(const Options& options, Pinned pinned) {
  return AsSource(BpfSource::Open(BpfOptions(options, pinned.log), std::move(pinned.pins)));
}

// What was asked for by name and is refused is an error.
OpenedSource WithIds(OpenedSource bpf, const Options& options) {
  if (!bpf || options.id_events == IdEvents::kNone) return bpf;
  auto ids = Filtered(OpenConnector(options, ConnectorEvents::kIds),
                      Filter{.events = options.filter.events});
  if (!ids) return ids;
  return AsSource(CompositeSource::Create(*std::move(bpf), *std::move(ids), options.filter));
}

OpenedSource OpenConnectorAlone(const Options& options) {
  if (Status able = CheckCgroup(options.filter, "connector"); !able) return std::move(able).error();
  return Filtered(OpenConnector(options, ConnectorEvents::kAll), options.filter);
}

OpenedSource OpenReplay(const Options& options, const std::string& path) {
  if (Status able = CheckCgroup(options.filter, "replay"); !able) return std::move(able).error();
  return Filtered(AsSource(ReplaySource::Open(path)), options.filter);
}

OpenedSource OpenBest(const Options& options, Pinned pinned) {
  auto bpf = OpenBpf(options, std::move(pinned));
  if (bpf) return WithIds(std::move(bpf), options);
  std::fprintf(stderr, "daybookd: bpf: %s; trying connector\n", bpf.error().message().c_str());
  return OpenConnectorAlone(options);
}

}  // namespace

uint32_t ArgsLimitBytes(const Options& options) {
  return options.args == ArgsMode::kNone ? 0 : static_cast<uint32_t>(options.args_max_bytes);
}

OpenedSource OpenSource(const Options& options, const std::optional<Account>& owner) {
  const std::string replay = "replay:";
  if (options.source.starts_with(replay)) {
    return OpenReplay(options, options.source.substr(replay.size()));
  }
  if (options.source == "connector") return OpenConnectorAlone(options);
  auto pinned = FindPinned(options, owner);
  if (!pinned) return std::move(pinned).error();
  if (options.source == "bpf") return WithIds(OpenBpf(options, *std::move(pinned)), options);
  return OpenBest(options, *std::move(pinned));
}

}  // namespace daybook
