/// Set-up of a test that has to succeed.
#pragma once

#include <stdexcept>

#include "cinch/status.hpp"

namespace cinch::test {

/// Throws, which ends the test, when a call has failed.
inline void require(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.to_string());
}

}  // namespace cinch::test
