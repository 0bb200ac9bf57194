/// Plain structs that the kernels share. They call no function of the standard library: the linker could pick a copy
/// that is compiled for one target for all.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/quant/classes.hpp"
#include "plugins/quant/element.hpp"
#include "plugins/rotary/phase.hpp"
#include "plugins/rotary/rotation.hpp"

namespace cinch::quant {

inline constexpr unsigned tile_rows = rotary::tile_tokens;
inline constexpr unsigned chunk_channels = 64;  ///< Groups of 16 of them share a class.
inline constexpr unsigned group_channels = 16;
inline constexpr unsigned max_dim = 512;

inline constexpr std::size_t folded_period = 32;

/// Escapes of step codes with a meaning of their own.
inline constexpr std::int8_t wide_escape = -128;  ///< The value follows in 16 bits.
inline constexpr std::int8_t raw_row = 126;       ///< The row follows as it is.
inline constexpr std::int8_t zero_row = 127;      ///< Nothing follows, every value is 0.

constexpr unsigned chunks_of(unsigned dim) noexcept { return (dim + chunk_channels - 1) / chunk_channels; }
constexpr unsigned padded_dim(unsigned dim) noexcept { return chunks_of(dim) * chunk_channels; }

/// Up to 64 channels of a head, sorted into groups of 16 (the last perhaps of fewer) by their deviation.
struct Chunk {
  std::uint8_t channels;
  std::uint8_t groups;
  std::uint8_t group_class[4];
  std::uint8_t channel_of_lane[chunk_channels];  ///< A permutation; lanes beyond `channels` have what is left.

  unsigned width_of(unsigned group) const noexcept {
    return group + 1u < groups ? group_channels : channels - group * group_channels;
  }
};

/// How the rows of one head of one or several planes are predicted and coded.
struct Head {
  // As the registers of the kernels hold them:
  const float* mean;          ///< padded_dim floats.
  const float* partner;       ///< The same, of a mean that turns; else null.
  const float* waves;         ///< Of every place in a tile: `period` cosines, `period` sines.
  const rotary::Turn* turns;  ///< `period` of them.
  const Chunk* chunks;
  float mean_square;  ///< Sum of the squares of the mean.
  std::uint32_t period;
  bool is_folded;          ///< The pairs are channels c and c + `folded_period` of a head of twice as many.
  std::int16_t step_code;  ///< What step codes are coded relative to.
  std::uint8_t step_class;
};

/// A block: whole planes, or tokens of one.
struct Block {
  std::uint64_t planes;
  std::uint64_t tokens;       ///< Of each plane.
  std::uint64_t first_token;  ///< Where they begin in their plane.
  std::uint32_t heads;
  std::uint32_t dim;
  const Head* const* plane_heads;  ///< For each plane its `heads` heads.
  std::uint64_t values() const noexcept { return planes * tokens * heads * dim; }
};

/// Limits that an error sets for the step of a row, as squares, relative to the row's own.
struct StepLimits {
  float wanted;           ///< The largest step that a row takes.
  float safe;             ///< The largest one with which no row is beyond sqrt(3) * `error`, whatever its values.
  float allowed;          ///< What quantising may do to a row, in all its channels.
  std::uint32_t checked;  ///< How many channels are looked at if a step is not safe.
};

struct Precision {
  StepLimits usual;
  StepLimits first;            ///< For the first tokens.
  std::uint64_t first_tokens;  ///< How many they are.
  float min_square;            ///< Rows whose square times `safe` is below this take half the step.
};

/// One stretch of symbols of one class. Each begins at a multiple of 64.
struct Run {
  std::uint16_t count;
  std::uint8_t symbol_class;
};

constexpr std::size_t room_of(std::size_t count) noexcept {
  return (count + rans::lanes - 1) / rans::lanes * rans::lanes;
}

inline constexpr std::size_t slack = 64;  ///< Bytes that every buffer has beyond its contents.

/// What quantising makes of a block. Buffers are the caller's, with `slack`; it gives up once escapes, wides, raws and
/// lows have more than `most` bytes together.
struct Quantised {
  std::uint8_t* symbols;
  Run* runs;
  std::size_t run_count;
  std::uint8_t* escapes;
  std::size_t escape_count;
  std::uint8_t* wides;
  std::size_t wide_count;
  std::uint8_t* raws;
  std::size_t raw_count;
  std::uint8_t* lows;
  std::size_t low_bytes;
  std::size_t most;
  void* scratch;  ///< `Kernels::scratch_bytes`, aligned to 64.
};

/// The parts of an encoded block; each may be read up to `slack` beyond its end.
struct Stored {
  const std::uint8_t* escapes;
  const std::uint8_t* wides;
  const std::uint8_t* raws;
  const std::uint8_t* lows;
  const std::uint8_t* stream;
  const std::uint8_t* states;  ///< Where the stream ends.
  void* scratch;
};

/// Sums for `measure`.
struct Loss {
  double squared_error;
  double squared;
  float worst_row;  ///< Its square.
  float max_abs;
};

/// Blocks of fewer values have one set of 64 states, others two.
inline constexpr std::uint64_t two_set_values = 1 << 16;

}  // namespace cinch::quant
