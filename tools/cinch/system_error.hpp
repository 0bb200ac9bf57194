/// Failures of the system as `Status`.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include "cinch/status.hpp"

namespace cinch::tool {

/// Of the system call that just failed.
inline std::error_code last_error() noexcept { return {errno, std::generic_category()}; }

/// `io_error` with the message "WHAT: ERROR".
inline Status io_error(const std::string& what, const std::error_code& error = last_error()) {
  return {StatusCode::io_error, what + ": " + error.message()};
}

}  // namespace cinch::tool
