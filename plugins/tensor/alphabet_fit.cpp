// Which alphabet suits a sample, and what it then costs.
#include <algorithm>
#include <span>
#include <utility>

#include "plugins/rotary/logarithm.hpp"
#include "plugins/tensor/alphabet.hpp"

namespace cinch::tensor {
namespace {

constexpr float escape_bits = 16;  // beside its symbol

/// Counts of one context, by octave, turn and half.
struct Counts {
  float at[16][2][2] = {};
  float total = 0;

  float of(const Cell& cell) const {
    const auto of_turn = [&](unsigned turn) {
      const float* const halves = at[cell.octave][turn];
      return cell.half == Cell::open ? halves[0] + halves[1] : halves[cell.half];
    };
    return cell.turn == Cell::open ? of_turn(0) + of_turn(1) : of_turn(cell.turn);
  }
};

/// What one more slot costs when `count` is too rare to deserve it.
float slot_penalty(float count, float total) { return std::max(total / slots - count, 0.0f) * 1.44f; }

/// Bits that telling `a` from `b` in the symbol saves against a stored bit.
float split_gain(float a, float b, float total) {
  const float sum = a + b;
  if (sum <= 0) return 0;
  float entropy = 0;
  for (const float part : {a, b}) {
    if (part > 0) entropy += part * rotary::log2_of(sum / part);
  }
  return sum - entropy - slot_penalty(std::min(a, b), total);
}

float octave_gain(float count, float total) {
  if (count <= 0) return 0;
  const float symbol = rotary::log2_of(total / count) + 2;
  return count * (7 + escape_bits - symbol) - slot_penalty(count, total);
}

Counts counts_of(const Histogram& histogram, unsigned context) {
  constexpr std::uint32_t few = 1024;  // below this, counts of the neighbouring contexts are mixed in
  const auto row = [&](unsigned which) { return std::span(histogram).subspan(64u * which, 64); };
  std::uint32_t own = 0;
  for (const std::uint32_t n : row(context)) own += n;
  Counts counts;
  const auto add = [&](unsigned which, float weight) {
    const std::span<const std::uint32_t> from = row(which);
    std::uint32_t sum = 0;
    for (unsigned turn = 0; turn < 2; ++turn) {
      for (unsigned step = 0; step < step_count; ++step) {
        const std::uint32_t n = from[turn * step_count + step];
        counts.at[step / 2][turn][step % 2] += weight * static_cast<float>(n);
        sum += n;
      }
    }
    counts.total += weight * static_cast<float>(sum);
  };
  add(context, 1);
  if (own < few && context > 0) add(context - 1, 1.0f / 16);
  if (own < few && context + 1 < context_count) add(context + 1, 1.0f / 16);
  return counts;
}

/// A cell, and what splitting it would save.
struct Candidate {
  Cell cell;
  float by_turn;
  float by_half;

  Candidate(const Cell& which, const Counts& counts) : cell(which), by_turn(0), by_half(0) {
    if (cell.turn == Cell::open) by_turn = gain(counts, &Cell::turn);
    if (cell.half == Cell::open) by_half = gain(counts, &Cell::half);
  }
  float best() const { return std::max(by_turn, by_half); }

  /// The two cells that it makes.
  std::pair<Cell, Cell> split() const {
    std::uint8_t Cell::*const part = by_turn >= by_half ? &Cell::turn : &Cell::half;
    return split(part);
  }

 private:
  std::pair<Cell, Cell> split(std::uint8_t Cell::*part) const {
    std::pair<Cell, Cell> two{cell, cell};
    two.first.*part = 0;
    two.second.*part = 1;
    return two;
  }
  float gain(const Counts& counts, std::uint8_t Cell::*part) const {
    const auto [a, b] = split(part);
    return split_gain(counts.of(a), counts.of(b), counts.total);
  }
};

/// The cells of a context: the next one is always what saves most, a new octave or the split of a cell.
std::vector<Cell> choose_cells(const Counts& counts) {
  float octave_gains[Cell::max_octave + 1] = {};
  for (std::uint8_t octave = 1; octave <= Cell::max_octave; ++octave) {
    octave_gains[octave] = octave_gain(counts.of({octave, Cell::open, Cell::open, 0}), counts.total);
  }
  std::vector<Candidate> chosen;
  while (chosen.size() < max_cells) {
    float* const octave = std::ranges::max_element(octave_gains);
    const auto split = std::ranges::max_element(chosen, {}, &Candidate::best);
    const float split_gain = split == chosen.end() ? 0 : split->best();
    if (std::max(*octave, split_gain) <= 0) break;
    if (*octave >= split_gain) {
      const auto number = static_cast<std::uint8_t>(octave - octave_gains);
      chosen.emplace_back(Cell{number, Cell::open, Cell::open, 0}, counts);
      *octave = 0;
    } else {
      const auto [first, second] = split->split();
      *split = Candidate(first, counts);
      chosen.emplace_back(second, counts);
    }
  }
  std::vector<Cell> cells;
  for (const Candidate& candidate : chosen) cells.push_back(candidate.cell);
  return cells;
}

/// Shares the slots out; every cell gets one at least, and so does the escape.
void share_slots(const Counts& counts, std::span<Cell> cells) {
  float counted[max_cells + 1];
  unsigned given[max_cells + 1];
  const std::size_t n = cells.size() + 1;
  counted[n - 1] = counts.total;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    counted[i] = counts.of(cells[i]);
    counted[n - 1] -= counted[i];
  }
  unsigned sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const float share = counts.total > 0 ? std::max(counted[i], 0.0f) * slots / counts.total : 0;
    given[i] = std::max(static_cast<unsigned>(share + 0.5f), 1u);
    sum += given[i];
  }
  while (sum != slots) {
    const bool grow = sum < slots;
    std::size_t best = n;
    float best_worth = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (!grow && given[i] == 1) continue;
      const float worth = std::max(counted[i], 0.0f) / (static_cast<float>(given[i]) + (grow ? 0.5f : -0.5f));
      if (best == n || (grow ? worth > best_worth : worth < best_worth)) {
        best = i;
        best_worth = worth;
      }
    }
    given[best] = grow ? given[best] + 1 : given[best] - 1;
    sum = grow ? sum + 1 : sum - 1;
  }
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].slots = static_cast<std::uint8_t>(given[i]);
}

}  // namespace

Alphabet fit_alphabet(const Histogram& histogram, unsigned contexts) {
  Alphabet alphabet;
  for (unsigned context = 0; context < contexts; ++context) {
    const Counts counts = counts_of(histogram, context);
    std::vector<Cell> cells = choose_cells(counts);
    share_slots(counts, cells);
    std::ranges::copy(cells, alphabet.cells[context].begin());
    alphabet.cell_counts[context] = static_cast<std::uint8_t>(cells.size());
  }
  return alphabet;
}

double coded_bits(const Alphabet& alphabet, const Histogram& histogram) {
  double bits = 0;
  for (unsigned context = 0; context < context_count; ++context) {
    const auto counts = std::span(histogram).subspan(64u * context, 64);
    if (std::ranges::all_of(counts, [](std::uint32_t count) { return count == 0; })) continue;
    const float escape = escape_bits + 7 - rotary::log2_of(static_cast<float>(alphabet.escape_slots(context)));
    float costs[64];
    std::fill_n(costs, 64, escape);
    for (unsigned i = 0; i < alphabet.cell_counts[context]; ++i) {
      const Cell& cell = alphabet.cells[context][i];
      const float cost =
          7 - rotary::log2_of(cell.slots) + static_cast<float>((cell.turn == Cell::open) + (cell.half == Cell::open));
      for (unsigned turn = 0; turn < 2; ++turn) {
        for (unsigned step = 2u * cell.octave; step < 2u * cell.octave + 2; ++step) {
          if (cell.holds(turn, step)) costs[turn * step_count + step] = cost;
        }
      }
    }
    for (unsigned i = 0; i < 64; ++i) bits += static_cast<double>(costs[i]) * counts[i];
  }
  return bits;
}

}  // namespace cinch::tensor
