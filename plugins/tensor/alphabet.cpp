#include "plugins/tensor/alphabet.hpp"

#include <algorithm>
#include <cstring>

namespace cinch::tensor {

using plugin::Failure;

unsigned Alphabet::escape_slots(unsigned context) const {
  unsigned left = slots;
  for (unsigned i = 0; i < cell_counts[context]; ++i) left -= cells[context][i].slots;
  return std::min(left, max_frequency);
}

void write_alphabet(const Alphabet& alphabet, std::vector<std::uint8_t>& out) {
  for (unsigned context = 0; context < context_count; ++context) {
    out.push_back(alphabet.cell_counts[context]);
    for (unsigned i = 0; i < alphabet.cell_counts[context]; ++i) {
      const Cell& cell = alphabet.cells[context][i];
      out.push_back(static_cast<std::uint8_t>(cell.octave * 9 + cell.turn * 3 + cell.half));
      out.push_back(cell.slots);
    }
  }
}

Alphabet read_alphabet(stream::ByteReader& in) {
  const auto next = [&in] { return in.take<std::uint8_t>(); };
  Alphabet alphabet;
  for (unsigned context = 0; context < context_count; ++context) {
    alphabet.cell_counts[context] = next();
    if (alphabet.cell_counts[context] > max_cells) throw Failure(CINCH_CORRUPT, "over 15 cells in a context");
    unsigned sum = 0;
    std::uint64_t taken = 0;
    for (unsigned i = 0; i < alphabet.cell_counts[context]; ++i) {
      const std::uint8_t code = next();
      const Cell cell{static_cast<std::uint8_t>(code / 9), static_cast<std::uint8_t>(code / 3 % 3),
                      static_cast<std::uint8_t>(code % 3), next()};
      if (cell.octave < 1 || cell.octave > Cell::max_octave || cell.slots == 0) {
        throw Failure(CINCH_CORRUPT, "a cell that does not exist");
      }
      for (unsigned turn = 0; turn < 2; ++turn) {
        for (unsigned step = 2u * cell.octave; step < 2u * cell.octave + 2; ++step) {
          if (!cell.holds(turn, step)) continue;
          const std::uint64_t bit = std::uint64_t{1} << (turn * step_count + step);
          if (taken & bit) throw Failure(CINCH_CORRUPT, "two cells for one element");
          taken |= bit;
        }
      }
      sum += cell.slots;
      alphabet.cells[context][i] = cell;
    }
    if (sum >= slots) throw Failure(CINCH_CORRUPT, "no slot left for the escape");
  }
  return alphabet;
}

AlphabetTables::AlphabetTables(const Alphabet& alphabet) {
  std::memset(this, 0, sizeof *this);
  std::memset(first_slot, 255, sizeof first_slot);
  for (unsigned context = 0; context < context_count; ++context) add_context(alphabet, context);
}

void AlphabetTables::add_context(const Alphabet& alphabet, unsigned context) {
  unsigned first = 0;
  const auto add = [&](unsigned number, unsigned width, unsigned what) {
    const unsigned id = context * 16 + number;
    const unsigned reciprocal = width == 1 ? 65535 : 65536 / width;  // the quotient is right or one too small
    frequency[id] = static_cast<std::uint8_t>(width);
    first_slot[id] = static_cast<std::uint8_t>(first);
    reciprocal_low[id] = static_cast<std::uint8_t>(reciprocal);
    reciprocal_high[id] = static_cast<std::uint8_t>(reciprocal >> 8);
    meaning[id] = static_cast<std::uint8_t>(what);
    for (unsigned i = 0; first + i < slots && (i < width || width == max_frequency); ++i) {
      id_of_slot[context * slots + first + i] = static_cast<std::uint8_t>(id);
      decode[context * slots + first + i] = (number == 0 ? 0xff000000u : 0u) | what << 16 | i << 8 | width;
    }
    first += width;
    return static_cast<std::uint32_t>(reciprocal << 16 | (first - width) << 8 | width);
  };
  const std::uint32_t escape = add(0, alphabet.escape_slots(context), 0);
  for (const unsigned turn : {0u, 1u}) std::fill_n(&encode[key_of(context, turn, 0)], step_count, escape);
  for (unsigned i = 0; i < alphabet.cell_counts[context]; ++i) {
    const Cell& cell = alphabet.cells[context][i];
    const unsigned extras = (cell.turn == Cell::open ? extra_turn : 0u) | (cell.half == Cell::open ? extra_half : 0u);
    const unsigned step = 2u * cell.octave + (cell.half == 1 ? 1u : 0u);
    const std::uint32_t entry = add(i + 1, cell.slots, step | (cell.turn == 1 ? turned : 0u) | extras);
    for (unsigned turn = 0; turn < 2; ++turn) {
      for (unsigned at = 2u * cell.octave; at < 2u * cell.octave + 2; ++at) {
        if (!cell.holds(turn, at)) continue;
        const unsigned key = key_of(context, turn, at);
        symbol[key] = static_cast<std::uint8_t>((i + 1) | extras);
        encode[key] = entry | (cell.half == Cell::open ? 0x80u : 0u) | (cell.turn == Cell::open ? 0x8000u : 0u);
      }
    }
  }
}

}  // namespace cinch::tensor
