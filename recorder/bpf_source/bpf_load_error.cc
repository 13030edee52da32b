#include "bpf_source/bpf_load_error.h"

#include <cerrno>
#include <string>

namespace daybook {
namespace {

// What stands in `text` between two markers; empty where they are not there.
std::string_view Between(std::string_view text, std::string_view begin, std::string_view end) {
  const size_t at = text.find(begin);
  if (at == text.npos) return {};
  text.remove_prefix(at + begin.size());
  const size_t length = text.find(end);
  return length == text.npos ? std::string_view() : text.substr(0, length);
}

std::string_view LastLine(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const size_t at = text.rfind('\n');
  return at == text.npos ? text : text.substr(at + 1);
}

// libbpf names the cause first and then what failed because of it.
std::string_view FirstLine(std::string_view text) {
  constexpr std::string_view kPrefix = "libbpf: ";
  if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
  return text.substr(0, text.find('\n'));
}

// A program that the verifier takes may still lack room; libbpf loads it a second time then, to
// have the verifier's log.
bool IsLackOfRoom(int error_number) {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOMEM;
}

// The verifier's reason is the last line before its statistics.
std::string_view VerifierReason(std::string_view log) {
  const std::string_view verdict = Between(log, "BEGIN PROG LOAD LOG --\n", "-- END PROG LOAD LOG");
  return LastLine(verdict.substr(0, verdict.rfind("\nprocessed ")));
}

}  // namespace

Error LoadError(std::string_view log, int error_number) {
  if (IsLackOfRoom(error_number)) return Error::FromErrno("loading the BPF program", error_number);
  const std::string_view reason = VerifierReason(log);
  if (!reason.empty()) {
    return Error("the kernel's verifier rejects the BPF program " +
                 std::string(Between(log, "prog '", "'")) + ": " + std::string(reason));
  }
  if (error_number == EPERM) {
    return Error(
        "the kernel refuses BPF programs in spite of CAP_BPF and CAP_PERFMON (lockdown, a security "
        "module, seccomp or a container)");
  }
  Error error = Error::FromErrno("loading the BPF program", error_number);
  const std::string_view line = FirstLine(log);
  return line.empty() ? error : Error(error.message() + " (" + std::string(line) + ")");
}

}  // namespace daybook
