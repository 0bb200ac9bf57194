/// The inner loops, once for each instruction set; all of them read and write the same bytes.
///
/// Elements are coded in groups of 64, one for each of the 64 lanes; even and odd groups have states of their own, so
/// that two groups are in flight. The encoder goes from the last group to the first and pushes to three stacks, the
/// decoder goes forward and pops. Threads: no state but in the stacks. Errors: `decode` returns false when a stack runs
/// empty; it reads at most 64 bytes beyond what it pops, at most 128 before the bottom of the rANS bytes, and writes
/// exactly the groups it is given.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/rotary/detection.hpp"
#include "plugins/simd/target.hpp"
#include "plugins/tensor/alphabet_tables.hpp"
#include "plugins/tensor/layout.hpp"

namespace cinch::tensor {

constexpr std::size_t lanes = 64;
constexpr std::size_t pair = 2 * lanes;

/// The states of both sets, as their low and high bytes.
struct States {
  alignas(64) std::uint8_t low[pair];
  alignas(64) std::uint8_t high[pair];
};

struct PushStacks {
  States states;
  std::uint8_t* bytes;  ///< Where the next rANS byte goes; 64 bytes more than are pushed may be written.
  std::uint8_t* bits;   ///< The bottom of the extra bits; eight bytes more may be written.
  std::uint64_t bit_count;
  std::uint8_t* escapes;  ///< Where the next escape goes, two bytes each.
};

struct PopStacks {
  States states;
  const std::uint8_t* bytes;  ///< Behind the last rANS byte.
  const std::uint8_t* bytes_bottom;
  const std::uint8_t* bits;
  std::uint64_t bit_count;
  const std::uint8_t* escapes;  ///< Behind the last escape.
  const std::uint8_t* escapes_bottom;
};

/// `groups` groups to code. `contexts` and the bases are read in rows of `period` bytes that repeat and start at
/// `phase`; arrays are 128 bytes longer than their period, with the beginning repeated there.
struct Tile {
  std::size_t groups;
  const std::uint8_t* contexts;  ///< (context << 4) | 0x80 when the prediction is negative
  std::size_t context_period;    ///< At least 128.
  std::size_t context_phase;
  const std::uint8_t* octaves;  ///< Base of each lane: exponent, …
  const std::uint8_t* halves;   ///< … and half octave, 0 or 1.
  std::size_t base_period;      ///< At least 128.
  std::size_t base_phase;
};

/// Contexts by the size of the prediction, in half deviations; more are the last.
constexpr std::uint8_t context_of_size[16] = {0, 1, 2, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7};

/// The context of a prediction of `p` half deviations.
static inline std::uint8_t context_byte(int p) {
  const int size = p < 0 ? -p : p;
  const unsigned context = context_of_size[size < 15 ? size : 15];
  return static_cast<std::uint8_t>(context << 4 | (p < 0 ? 0x80u : 0u));
}

/// What a rotation makes of means, in 64ths of half a deviation, none above `max_amplitude`: predictions are
/// along * cosines + across * sines.
constexpr int max_amplitude = 16383;
struct Rotation {
  const std::int16_t* along;  ///< For each channel of a token.
  const std::int16_t* across;
  std::size_t channels;
  const std::int16_t* cosines;  ///< For each channel of a head.
  const std::int16_t* sines;
  std::size_t head_dim;  ///< At least 64; divides `channels`.
};

/// Sign, exponent and first mantissa bit of an element as one number: sign * `top_count` + shifted exponent * 2 + bit.
constexpr std::uint16_t top_count = 512;

/// Rows of a plane, and how they turn, if they do.
struct SampleRows {
  const float* values;        ///< [rows][channels]
  const std::uint16_t* tops;  ///< The same.
  std::size_t rows;
  std::size_t channels;
  const float* waves;  ///< For each row the cosines and the sines of the pairs of a head; null: nothing turns.
  std::size_t pairs;
  std::size_t head_dim;
  bool interleaved;
  float* scratch;  ///< `channels`
};

/// The channels' models, as `count_steps` takes them.
struct Channels {
  const float* means;
  const float* per_half_deviation;
  const std::uint16_t* bases;
};

/// By (prediction in half deviations + 16) << 6 | sign << 5 | step; two of each, so that equal neighbours do not wait
/// for each other.
struct StepCounts {
  std::uint32_t at[2][2048];
};

struct SampleLoops {
  /// By layout: words to tops and values. What is not finite counts as 0.
  void (*look[5])(const std::uint8_t* words, std::size_t n, std::uint16_t* tops, float* values);
  void (*sum_rows)(const SampleRows&, float* sums);  ///< Turned back.
  void (*sum_distances)(const SampleRows&, const float* means, float* sums);
  void (*count_steps)(const SampleRows&, const Channels&, StepCounts&);
};

/// Entry i is sin(i / 1024 of a turn) * 2^30.
struct SineTable {
  static constexpr unsigned bits = 10;
  std::int32_t at[(1u << bits) + 1];
};
extern const SineTable sine_table;

struct Kernels {
  simd::Target target;
  /// By layout: words to `stored` (the planes of all groups) and to the stacks.
  void (*encode[5])(const AlphabetTables&, const Tile&, const std::uint8_t* words, std::uint8_t* stored, PushStacks&);
  bool (*decode[5])(const AlphabetTables&, const Tile&, const std::uint8_t* stored, std::uint8_t* words, PopStacks&);
  /// Cosines and sines of `count` angles times `token`, in 2^-15.
  void (*waves)(const std::uint32_t* angles, std::size_t count, std::uint64_t token, std::int16_t* cosines,
                std::int16_t* sines);
  /// Turns the means themselves: `along` and `across` for tokens that are counted from another one.
  void (*turn)(const Rotation&, std::int16_t* along, std::int16_t* across);
  /// The contexts of some tokens: cosines and sines are rows of `head_dim`, contexts rows of `channels`.
  void (*predict)(const Rotation&, std::size_t tokens, std::uint8_t* contexts);
  SampleLoops sample;
  const rotary::DetectionLoops* detection;
};

extern const Kernels scalar_kernels, avx2_kernels, avx512_kernels;

/// Requires: `simd::is_available(target)`.
const Kernels& kernels_for(simd::Target target) noexcept;

/// Those of the best target that this machine has.
const Kernels& best_kernels() noexcept;

}  // namespace cinch::tensor
