// Result<T>: a value, or an Error that says what was tried on what and why it failed.
// The member names are those of std::expected, so that a later switch is one alias.
#pragma once

#include <cassert>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace daybook {

// A failure that a user can act on. The message is one line without a full stop, and perhaps
// indented ones that show where; callers add context in front ("segment 12: ...") and main prints
// it once.
class Error {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}

  // "what: No such file or directory" for an errno value.
  static Error FromErrno(std::string_view what, int error_number) {
    return Error(std::string(what) + ": " + std::strerror(error_number), error_number);
  }

  const std::string& message() const { return message_; }

  // The errno value behind the failure; 0 where there is none.
  int error_number() const { return error_number_; }

  Error WithContext(std::string_view context) && {
    message_.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }

 private:
  Error(std::string message, int error_number)
      : message_(std::move(message)), error_number_(error_number) {}

  std::string message_;
  int error_number_ = 0;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return *std::get_if<0>(&Checked()); }
  const T& value() const& { return *std::get_if<0>(&Checked()); }
  T&& value() && { return std::move(*std::get_if<0>(&Checked())); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Precondition: !has_value().
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error>& Checked() {
    assert(has_value());
    return state_;
  }
  const std::variant<T, Error>& Checked() const {
    assert(has_value());
    return state_;
  }

  std::variant<T, Error> state_;
};

// Success without a value.
struct Ok {};
using Status = Result<Ok>;

}  // namespace daybook
