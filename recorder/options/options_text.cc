#include "options/options_text.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <span>
#include <string_view>

#include "daybook/abilities.h"

namespace daybook {
namespace {

struct Scale {
  std::string_view unit;
  uint64_t one;
};

constexpr Scale kTimes[] = {{"d", 86'400'000'000'000}, {"h", 3'600'000'000'000},
                            {"min", 60'000'000'000},   {"s", 1'000'000'000},
                            {"ms", 1'000'000},         {"us", 1'000}};
constexpr Scale kSizes[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}};

// In the largest unit of which it is a whole number.
std::string Quantity(uint64_t value, std::span<const Scale> scales) {
  for (const Scale& scale : scales) {
    if (value != 0 && value % scale.one == 0) {
      return fmt::format("{}{}", value / scale.one, scale.unit);
    }
  }
  return fmt::format("{}{}", value / scales.back().one, scales.back().unit);
}

std::string Time(uint64_t ns) { return Quantity(ns, kTimes); }
std::string Size(uint64_t bytes) { return Quantity(bytes, kSizes); }

// By the kind of quotes that it has not.
std::string Quoted(std::string_view text) {
  const char quote = text.find('"') == text.npos ? '"' : '\'';
  return fmt::format("{}{}{}", quote, text, quote);
}

std::string_view NameOf(ArgsMode mode) {
  switch (mode) {
    case ArgsMode::kNone:
      return "none";
    case ArgsMode::kArgv0:
      return "argv0";
    case ArgsMode::kMasked:
      return "masked";
    case ArgsMode::kFull:
      return "full";
  }
  return "";
}

// A list of none is no value.
std::string WordList(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + Quoted(word);
  return text.empty() ? text : "[" + text + "]";
}

std::string Users(const std::vector<uint32_t>& uids) {
  std::vector<std::string> words;
  for (const uint32_t uid : uids) words.push_back(std::to_string(uid));
  return WordList(words);
}

std::string_view YesOrNo(bool value) { return value ? "true" : "false"; }

// A value of "" is none.
void AddLine(std::string_view name, std::string_view value, std::string& text) {
  text +=
      value.empty() ? fmt::format("# {}: not set\n", name) : fmt::format("{} = {}\n", name, value);
}

}  // namespace

std::string OptionsText(const Options& options) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    AddLine(name, value, text);
  };
  add("log-dir", Quoted(options.log_dir));
  add("source", Quoted(options.source));
  add("id-events", options.id_events == IdEvents::kNone ? "none" : "connector");
  add("duration", options.duration_ns ? Time(*options.duration_ns) : "");
  add("segment-size", Size(options.segment_bytes));
  add("segment-age", Time(options.segment_age_ns));
  add("max-bytes", Size(options.max_bytes));
  add("min-free", Size(options.min_free_bytes));
  add("max-age", options.max_age_ns != 0 ? Time(options.max_age_ns) : "");
  add("compress", options.compression == Compression::kZstd ? "zstd" : "none");
  add("drain-interval", Time(options.drain_interval_ns));
  add("ring", options.ring_bytes ? Size(*options.ring_bytes) : "");
  add("usage", options.usage == UsageMode::kExact ? "exact" : "fast");
  add("audit-interval", Time(options.audit_interval_ns));
  add("args", NameOf(options.args));
  add("args-max", Size(options.args_max_bytes));
  add("mask", WordList(options.mask_words));
  const Filter& filter = options.filter;
  add("events", Quoted(EventTypesText(filter.events)));
  add("only-failed", YesOrNo(filter.only_failed));
  add("only-uid", Users(filter.only_uids));
  add("except-uid", Users(filter.except_uids));
  add("only-cgroup", filter.only_cgroup.empty() ? "" : Quoted(filter.only_cgroup));
  add("min-lifetime", filter.min_lifetime_ns != 0 ? Time(filter.min_lifetime_ns) : "");
  add("no-kernel-threads", YesOrNo(filter.no_kernel_threads));
  add("status-file", options.status_file.empty() ? "" : Quoted(options.status_file));
  add("metrics-file", options.metrics_file.empty() ? "" : Quoted(options.metrics_file));
  add("pin", options.pin_dir.empty() ? "none" : Quoted(options.pin_dir));
  add("user", options.user.empty() ? "" : Quoted(options.user));
  return text;
}

std::string FilterText(const Filter& filter) {
  std::string text;
  const auto add = [&](std::string_view option, const std::string& value = "") {
    text.append(text.empty() ? "" : " ").append(option);
    if (!value.empty()) text.append(" ").append(value);
  };
  if (filter.events != kAllTypes) add("--events", EventTypesText(filter.events));
  if (filter.only_failed) add(kOnlyFailedOption);
  for (const uint32_t uid : filter.only_uids) add(kOnlyUidOption, std::to_string(uid));
  for (const uint32_t uid : filter.except_uids) add(kExceptUidOption, std::to_string(uid));
  if (!filter.only_cgroup.empty()) add(kOnlyCgroupOption, filter.only_cgroup);
  if (filter.min_lifetime_ns != 0) add(kMinLifetimeOption, Time(filter.min_lifetime_ns));
  if (filter.no_kernel_threads) add("--no-kernel-threads");
  return text;
}

}  // namespace daybook
