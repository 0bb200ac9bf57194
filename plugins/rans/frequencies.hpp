/// How 128 slots are shared out among 16 symbols.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cinch::rans {

inline constexpr std::size_t symbol_count = 16;
inline constexpr unsigned slot_count = 128;

/// A symbol of frequency f costs log2(128 / f) bits; one of frequency 0 cannot be coded.
using Frequencies = std::array<std::uint8_t, symbol_count>;

/// Whether a coder can work with them: they sum to 128 and none is all of it.
constexpr bool is_valid(const Frequencies& frequencies) noexcept {
  unsigned sum = 0, most = 0;
  for (const std::uint8_t frequency : frequencies) {
    sum += frequency;
    most = frequency > most ? frequency : most;
  }
  return sum == slot_count && most < slot_count;
}

}  // namespace cinch::rans
