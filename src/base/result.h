#pragma once
// The way a failure travels: Result<T> holds a T or an Error; TRY returns the Error to the caller.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace limner {

/// What kind of failure, for machines. Fourteen and no more; one table maps them to an exit status
/// (cli/exit_status.h).
enum class Code : uint8_t {
  invalid,
  unsupported,
  unauthenticated,
  forbidden,
  not_found,
  conflict,
  too_large,
  exhausted,
  refused,
  cancelled,
  deadline,
  unavailable,
  data_loss,
  internal
};

/// The code's stable name, as printed in JSON: "invalid", "not_found".
const char* code_name(Code code);

/// Why something did not happen, for the person who asked.
struct Error {
  Code code = Code::internal;
  std::string field;    ///< whose value: "size", "vae/config.json: latent_channels"; empty if none
  std::string message;  ///< the value and what is allowed: "1000x1000 is not a multiple of 64"
  std::string hint;     ///< what to do next: "try 1024x1024"; empty if there is nothing to say

  /// "field: message (hint)", leaving out what is empty.
  std::string text() const;
};

/// A T or the Error that kept us from making one. Member names are std::expected's.
template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  template <class U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result>)
      Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const {}
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

/// `field: message` failures by their commonest codes, so that a check is one line where it is made.
inline Error invalid(std::string field, std::string message, std::string hint = {}) {
  return Error{Code::invalid, std::move(field), std::move(message), std::move(hint)};
}
inline Error unsupported(std::string field, std::string message, std::string hint = {}) {
  return Error{Code::unsupported, std::move(field), std::move(message), std::move(hint)};
}
inline Error not_found(std::string field, std::string message, std::string hint = {}) {
  return Error{Code::not_found, std::move(field), std::move(message), std::move(hint)};
}

}  // namespace limner

/// `T x = TRY(f());` returns f's Error to our caller, or yields its value.
/// (A GNU statement expression: g++ and clang have it.)
#define TRY(expr)                                            \
  (__extension__({                                           \
    auto&& limner_try_ = (expr);                             \
    if (!limner_try_) return std::move(limner_try_).error(); \
    std::move(limner_try_).value();                          \
  }))
