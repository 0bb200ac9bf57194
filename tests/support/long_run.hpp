/// Tests that run short by themselves and long when an environment variable asks for it.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace cinch::test {

/// The number in the environment variable, or `usual` where it is not set.
inline std::uint64_t long_run(const char* variable, std::uint64_t usual) {
  const char* const given = std::getenv(variable);
  return given ? std::strtoull(given, nullptr, 10) : usual;
}

}  // namespace cinch::test
