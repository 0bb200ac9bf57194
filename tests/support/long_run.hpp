/// Environment variables that make tests run longer.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace cinch::test {

/// The number in the environment variable, or `usual` where it is not set.
inline std::uint64_t long_run(const char* variable, std::uint64_t usual) {
  const char* const given = std::getenv(variable);
  return given ? std::strtoull(given, nullptr, 10) : usual;
}

/// Whether CINCH_TEST_LONG asks for the long form of tests that otherwise take samples.
inline bool is_long_run() { return std::getenv("CINCH_TEST_LONG") != nullptr; }

}  // namespace cinch::test
