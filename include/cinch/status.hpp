/// Outcomes of fallible calls: `Status`, and `Result<T>`, which is a value or a `Status`.
///
/// Threads: plain values; share them like a `std::string`. Ownership: a `Status` owns its message.
/// Errors: nothing here fails but with `std::bad_alloc`. Both types are `[[nodiscard]]`.
/// `Result` is spelled like a subset of `std::expected`, so that it can become an alias of it.
#pragma once

#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "cinch/export.hpp"

namespace cinch {

/// Why a call failed. An absent key is not a failure: `get` answers an empty optional.
enum class StatusCode : std::uint8_t {
  ok,
  invalid_argument,  ///< The caller's mistake; the message names what and what was expected.
  too_large,         ///< A value over `max_value_bytes`, or over the store's capacity.
  corruption,        ///< Stored bytes do not verify.
  codec_missing,     ///< No loaded codec decodes the value's format, version or parameters.
  codec_misbehaved,  ///< Stored bytes verified and decoded ones did not, or a codec broke its contract.
  codec_failed,      ///< A codec answered with an error.
  no_space,          ///< The store's capacity or the disk is exhausted; or memory, for an asynchronous call.
  locked,            ///< Another process or another object has the store open.
  busy,              ///< The store cannot take the call now; try again.
  closed,            ///< The store was closed, or belongs to the parent of this forked process.
  io_error,          ///< The operating system failed a read or a write.
  incompatible,      ///< A database or frame newer than this library.
  plugin_refused,    ///< The loader refused a plugin; the message starts with the refusal's class.
  unsupported,       ///< This store or codec does not do that.
  timed_out,         ///< A deadline passed.
  cancelled,         ///< The caller cancelled the call.
};

/// The code's name as it is spelled above, such as "codec_missing".
CINCH_API std::string_view to_string(StatusCode code) noexcept;

/// Success, or a code with a message that says what failed, where, and what was expected. One pointer wide; cheap to
/// copy and free on success.
class [[nodiscard]] Status {
 public:
  /// Success.
  Status() noexcept = default;

  /// A failure. Requires: `code` is not `StatusCode::ok`.
  Status(StatusCode code, std::string message)
      : failure_(std::make_shared<const Failure>(Failure{code, std::move(message)})) {
    assert(code != StatusCode::ok);
  }

  bool ok() const noexcept { return failure_ == nullptr; }
  StatusCode code() const noexcept { return failure_ ? failure_->code : StatusCode::ok; }

  /// Empty on success; the view lives as long as this object.
  std::string_view message() const noexcept {
    return failure_ ? std::string_view(failure_->message) : std::string_view();
  }

  /// "code: message", or "ok".
  CINCH_API std::string to_string() const;

  /// The same failure with "context: " put before its message; success stays success.
  CINCH_API Status in(std::string_view context) const;

 private:
  struct Failure {
    StatusCode code;
    std::string message;
  };
  std::shared_ptr<const Failure> failure_;
};

/// The code of the first failure, and the messages of all in their order, a line each; success when none is a failure.
CINCH_API Status merged(std::initializer_list<Status> statuses);

template <class T>
class Result;

/// What a `Result<T>` can be made from besides a `Status`: anything that converts to a `T`.
template <class U, class T>
concept ResultValue = std::is_convertible_v<U, T> && !std::is_same_v<std::remove_cvref_t<U>, Status> &&
                      !std::is_same_v<std::remove_cvref_t<U>, Result<T>>;

/// A `T`, or the `Status` that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = Status;

  template <ResultValue<T> U = T>
  Result(U&& value)  // NOLINT(google-explicit-constructor)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  /// Requires: `failure` is a failure.
  Result(Status failure) : state_(std::in_place_index<1>, std::move(failure)) {  // NOLINT(google-explicit-constructor)
    assert(!std::get<1>(state_).ok());
  }

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Requires: `has_value()`.
  T& value() & { return *std::get_if<0>(&checked()); }
  const T& value() const& { return *std::get_if<0>(&checked()); }
  T&& value() && { return std::move(*std::get_if<0>(&checked())); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Requires: not `has_value()`.
  const Status& error() const {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }

  /// The failure, or success when there is a value.
  Status status() const { return has_value() ? Status() : error(); }

  template <class U>
  T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  std::variant<T, Status>& checked() {
    assert(has_value());
    return state_;
  }
  const std::variant<T, Status>& checked() const {
    assert(has_value());
    return state_;
  }

  std::variant<T, Status> state_;
};

}  // namespace cinch
