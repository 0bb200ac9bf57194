/// The static tables that symbols are coded with: one for each class of standard deviation. Part of the format.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/rans/coder.hpp"

namespace cinch::quant {

inline constexpr std::uint8_t escape = 15;  ///< The symbol of values beyond a class's reach.

/// A value q becomes the symbol (q + (7 << low_bits)) >> low_bits, its low bits are stored as they are.
struct SigmaClass {
  std::uint8_t low_bits;
  std::uint8_t reach;  ///< Symbols further from 7 escape.
  rans::Frequencies frequencies;
};

inline constexpr std::size_t class_count = 60;
inline constexpr std::size_t plain_class_count = 18;  ///< Those before have no low bits.
inline constexpr unsigned max_low_bits = 11;

inline constexpr SigmaClass classes[class_count] = {
#include "plugins/quant/class_tables.inc"
};

struct ClassColumns {
  rans::TableColumns column[class_count];
};

/// From these, coders make their tables.
extern const ClassColumns class_columns;

/// The class of values whose mean distance from 0 is `mean_distance` steps.
std::uint8_t class_of(float mean_distance) noexcept;

}  // namespace cinch::quant
