/// What the program that ends with an open store and its test agree on.
#pragma once

#include <string>

namespace cinch::test {

inline constexpr int exiting_code = 42;
inline constexpr int exiting_values = 10;

inline std::string exiting_key(int n) { return "acknowledged " + std::to_string(n); }
inline std::string exiting_value(int n) {
  return std::string(static_cast<std::size_t>(1000 * n), 'v') + exiting_key(n);
}

}  // namespace cinch::test
