/// Random numbers and bytes that are the same in every run and on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace cinch::test {

/// Numerical Recipes' linear congruential generator; of its numbers only the high bits are random. Stored frames were
/// made of values from it, so its numbers must never change.
class LinearCongruential {
 public:
  std::uint32_t next() { return state_ = state_ * 1664525u + 1013904223u; }

 private:
  std::uint32_t state_ = 1;
};

/// Bytes that do not compress, always the same ones for a size and a seed.
inline std::string noise(std::size_t size, std::uint64_t seed = 0) {
  std::mt19937_64 random(size + 7919 * seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

}  // namespace cinch::test
