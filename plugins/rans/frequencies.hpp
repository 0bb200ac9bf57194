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

/// The cheapest frequencies for these counts: every symbol that was counted keeps a slot at least. Of nothing counted,
/// or one symbol alone, the last other symbol gets a slot that nobody uses. Counts up to 2^40. Integers alone: the same
/// everywhere.
constexpr Frequencies frequencies_of(std::array<std::uint64_t, symbol_count> counts) noexcept {
  std::size_t used = 0;
  for (const std::uint64_t count : counts) used += count > 0;
  for (std::size_t s = symbol_count; s-- > 0 && used < 2;) {
    if (counts[s] == 0) {
      counts[s] = 1;
      ++used;
    }
  }
  std::uint64_t total = 0;
  for (const std::uint64_t count : counts) total += count;
  Frequencies made{};
  unsigned sum = 0;
  for (std::size_t s = 0; s < symbol_count; ++s) {
    const std::uint64_t share = counts[s] * slot_count / total;
    made[s] = static_cast<std::uint8_t>(counts[s] == 0 ? 0 : share == 0 ? 1 : share);
    sum += made[s];
  }
  // One slot at a time to whom it saves most, or from whom it costs least: log2((f + 1) / f) is about 2 / (2f + 1).
  while (sum < slot_count) {
    std::size_t best = 0;
    for (std::size_t s = 1; s < symbol_count; ++s) {
      if (counts[s] * (2u * made[best] + 1) > counts[best] * (2u * made[s] + 1)) best = s;
    }
    ++made[best];
    ++sum;
  }
  while (sum > slot_count) {
    std::size_t best = symbol_count;
    for (std::size_t s = 0; s < symbol_count; ++s) {
      if (made[s] < 2) continue;
      if (best == symbol_count || counts[s] * (2u * made[best] - 1) < counts[best] * (2u * made[s] - 1)) best = s;
    }
    --made[best];
    --sum;
  }
  return made;
}

}  // namespace cinch::rans
