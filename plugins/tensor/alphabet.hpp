/// The symbols of an element: which parts of (sign, exponent, first mantissa bit) a symbol tells, and how often it
/// comes, for each of eight contexts.
///
/// The *step* of an element is its half octave (exponent and first mantissa bit) above the base of its channel, 0 to
/// 31, both ends included in what is escaped; an element *turns* when its sign is not that of its prediction. A cell is
/// an octave (two steps), or one step of it, with one turn or both; what a cell leaves open is stored as extra bits.
/// A context has up to 15 cells, and symbol 0, the escape, which always has at least one of the 128 slots.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugins/stream/stored_bytes.hpp"
#include "plugins/tensor/alphabet_tables.hpp"

namespace cinch::tensor {

constexpr unsigned max_cells = 15;

struct Cell {
  std::uint8_t octave;  ///< 1 to 14: steps 2 * octave and 2 * octave + 1
  std::uint8_t turn;    ///< 0, 1, or `open`
  std::uint8_t half;    ///< 0, 1, or `open`
  std::uint8_t slots;

  static constexpr std::uint8_t open = 2;
  static constexpr std::uint8_t max_octave = 14;

  bool holds(unsigned turns, unsigned step) const {
    return step / 2 == octave && (turn == open || turn == turns) && (half == open || half == step % 2);
  }
};

struct Alphabet {
  std::array<std::array<Cell, max_cells>, context_count> cells{};
  std::array<std::uint8_t, context_count> cell_counts{};

  unsigned escape_slots(unsigned context) const;
};

/// How many elements there are of each kind: [context][turn * 32 + step].
using Histogram = std::array<std::uint32_t, context_count * 64>;

/// The alphabet for a sample, chosen greedily; only the first `contexts` of its contexts occur.
Alphabet fit_alphabet(const Histogram&, unsigned contexts);

/// Bits that the elements of the sample take, without the bits that are always stored.
double coded_bits(const Alphabet&, const Histogram&);

void write_alphabet(const Alphabet&, std::vector<std::uint8_t>& out);

/// Throws `Failure` (CORRUPT).
Alphabet read_alphabet(stream::ByteReader& in);

}  // namespace cinch::tensor
