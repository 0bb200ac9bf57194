/// Which step each row of a tile is quantised with; see precision.hpp.
#pragma once

#include "plugins/quant/prediction.hpp"
#include "plugins/quant/steps.hpp"
#include "plugins/quant/tiles.hpp"

namespace cinch::quant {

template <class T, Element element>
class RowSteps {
 public:
  using Tile = quant::Tile<T, const std::uint8_t>;
  static constexpr int not_coded = 30000;  ///< The code of rows that are stored as they are.

  RowSteps(const Block& block, const Precision& precision)
      : block_(block), precision_(precision), chunks_(chunks_of(block.dim)) {}

  void choose(const Tile& tile, const Predictor<T>& predict) {
    sum_squares(tile);
    const std::uint64_t left = tile.token < precision_.first_tokens ? precision_.first_tokens - tile.token : 0;
    const unsigned first = left < tile.count ? static_cast<unsigned>(left) : tile.count;  // rows of the first tokens
    choose_some(tile, predict, precision_.first, 0, first);
    choose_some(tile, predict, precision_.usual, first, tile.count);
  }

  /// The chosen steps, for every row of the tile.
  const int* codes() const { return codes_; }
  const float* inverses() const { return inverses_; }

 private:
  /// Of rows `begin` to `end`.
  void choose_some(const Tile& tile, const Predictor<T>& predict, const StepLimits& limits, unsigned begin,
                   unsigned end) {
    int safe_codes[tile_rows];
    wanted_codes(*tile.head, limits, begin, end, safe_codes);
    for (unsigned r = begin; r < end; ++r) inverses_[r] = inverse_step_of(codes_[r]);
    std::uint8_t unsafe[tile_rows];
    unsigned count = 0;
    for (unsigned r = begin; r < end; ++r) {
      unsafe[count] = static_cast<std::uint8_t>(r);
      count += codes_[r] > safe_codes[r];
    }
    // A quarter of the channels decides for most rows, half of them for nearly all.
    const std::uint32_t few = limits.checked < 32 ? limits.checked : limits.checked / 32 * 16;
    for (const std::uint32_t channels : {few, limits.checked}) {
      count = predict.turns() ? keep_unproven<true>(tile, predict, limits.allowed, channels, unsafe, count)
                              : keep_unproven<false>(tile, predict, limits.allowed, channels, unsafe, count);
    }
    for (unsigned i = 0; i < count; ++i) {
      const unsigned r = unsafe[i];
      codes_[r] = safe_codes[r];
      inverses_[r] = inverse_step_of(codes_[r]);
    }
  }

  /// The wanted codes and the safe ones; without branches, so that compilers vectorise it.
  void wanted_codes(const Head& head, const StepLimits& limits, unsigned begin, unsigned end, int* safe_codes) {
    const float min_limit = head.mean_square / (16129.0f * static_cast<float>(block_.dim));
    const float min_square = precision_.min_square, safe_square = limits.safe, wanted_square = limits.wanted;
    const float* const squares = squares_;
    int* const codes = codes_;
    for (unsigned r = begin; r < end; ++r) {
      const float square = squares[r], limit = square * safe_square;
      const bool is_halved = is_less(limit, min_square);
      // No value may be beyond 16 bits, whether its mean is far off or as long as 1.4 rows.
      const float most = is_halved ? 3.2e7f : 1.3e8f;
      // A row is cheaper as it is if it is short beside its mean and the mean is beyond 127 steps.
      const bool is_near = either(is_less(min_limit, limit), is_less(head.mean_square, 2 * square));
      const bool is_finite = both(is_less(1e-26f, square), is_less(square, 1e30f));
      const bool is_usual = both(is_finite, both(is_less(square, most * limit), is_near));
      const int safe = code_of_square(limit) - (is_halved ? 4 : 0);
      safe_codes[r] = is_usual ? safe : not_coded;
    }
    for (unsigned r = begin; r < end; ++r) {
      const float square = squares[r];
      const int safe = safe_codes[r], beyond = code_of_square(square * wanted_square) - safe;
      // All ones, or none: compilers would turn a choice into a branch here.
      const int is_kept = -static_cast<int>(either(is_less(square * safe_square, min_square), safe == not_coded));
      codes[r] = safe + (beyond & ~is_kept);
    }
  }

  /// Drops those of `rows` whose first channels show that they bear their step. Returns how many are left.
  template <bool turns>
  unsigned keep_unproven(const Tile& tile, const Predictor<T>& predict, float allowed, std::uint32_t channels,
                         std::uint8_t* rows, unsigned count) const {
    const float unseen = channels < block_.dim ? static_cast<float>(block_.dim - channels) / 4 : 0;
    std::uint32_t places[max_dim / 16];
    for (std::uint32_t c = 0; turns && c < channels; c += 16) places[c / 16] = predict.place_of(c);
    typename T::Floats sum[16];
    for (unsigned i = 0; i < 16; ++i) sum[i] = T::fill_floats(0);
    unsigned kept = 0;
    for (unsigned begin = 0; begin < count; begin += 16) {
      const unsigned some = count - begin < 16 ? count - begin : 16;
      float sums[16];
      for (unsigned i = 0; i < some; ++i) sum[i] = squares_off<turns>(tile, predict, places, channels, rows[begin + i]);
      T::store_floats(sums, T::sums(sum));
      for (unsigned i = 0; i < some; ++i) {
        const unsigned r = rows[begin + i];
        rows[kept] = static_cast<std::uint8_t>(r);
        kept += sums[i] + unseen <= allowed * squares_[r] * inverses_[r] * inverses_[r] ? 0 : 1;
      }
    }
    return kept;
  }

  /// How far a row's first `channels` values are from whole steps: sums of the squares.
  template <bool turns>
  CINCH_ALWAYS_INLINE typename T::Floats squares_off(const Tile& tile, const Predictor<T>& predict,
                                                     const std::uint32_t* places, std::uint32_t channels,
                                                     unsigned r) const {
    const typename T::Floats magic = T::fill_floats(simd::round_magic);
    typename T::Floats sum = T::fill_floats(0);
    for (std::uint32_t c = 0; c < channels; c += 16) {
      const typename T::Floats p = predict.template some<turns>(c, turns ? places[c / 16] : 0, r);
      const typename T::Floats x = load<T, element>(tile.rows + r * tile.pitch + c * size_of(element));
      const typename T::Floats step = T::mul(T::sub(x, p), T::fill_floats(inverses_[r]));
      const typename T::Floats off = T::sub(step, T::sub(T::add(step, magic), magic));
      sum = T::fused_product_add(off, off, sum);
    }
    return sum;
  }

  /// The sum of the squares of every row.
  void sum_squares(const Tile& tile) {
    for (unsigned begin = 0; begin < tile.count; begin += 16) {
      typename T::Floats sum[16];
      for (unsigned i = 0; i < 16; ++i) {
        const unsigned r = begin + i < tile.count ? begin + i : begin;
        const std::uint8_t* const row = tile.rows + r * tile.pitch;
        sum[i] = T::fill_floats(0);
        for (unsigned c = 0; c < chunks_; ++c) {
          typename T::Channels x;
          load<T, element>(row + c * std::size_t{chunk_channels} * size_of(element), x);
#pragma GCC unroll 4
          for (unsigned part = 0; part < 4; ++part) sum[i] = T::fused_product_add(x.part[part], x.part[part], sum[i]);
        }
      }
      T::store_floats(squares_ + begin, T::sums(sum));
    }
  }

  const Block& block_;
  const Precision& precision_;
  const unsigned chunks_;
  float squares_[tile_rows];
  int codes_[tile_rows];
  float inverses_[tile_rows];
};

}  // namespace cinch::quant
