/// What decoding a tile of one head works on: the parts of the encoded block, and the job that becomes rows.
#pragma once

#include <cstring>

#include "plugins/quant/prediction.hpp"
#include "plugins/quant/steps.hpp"
#include "plugins/quant/tiles.hpp"

namespace cinch::quant {

/// Reads what is stored beside symbols: every part is read forward and ends where the next begins.
struct PartReader {
  explicit PartReader(const Stored& from)
      : at(from),
        wides_begin(from.wides),
        raws_begin(from.raws),
        lows_begin(from.lows),
        has_wides(from.wides != from.raws ||
                  std::memchr(from.escapes, wide_escape, static_cast<std::size_t>(from.wides - from.escapes)) !=
                      nullptr) {}

  bool take_wide(int& value) {
    if (raws_begin - at.wides < 2) return false;
    value = static_cast<std::int16_t>(at.wides[0] | at.wides[1] << 8);
    at.wides += 2;
    return true;
  }

  bool are_read() const {
    return at.escapes == wides_begin && at.wides == raws_begin && at.raws == lows_begin && at.lows == at.stream;
  }

  Stored at;
  const std::uint8_t* const wides_begin;
  const std::uint8_t* const raws_begin;
  const std::uint8_t* const lows_begin;
  const bool has_wides;
};

/// A tile of one head on its way from symbols to rows.
template <class T>
struct DecodeJob {
  Tile<T, std::uint8_t> tile{};
  std::uint8_t* symbols = nullptr;  // `group_room` for every group of every chunk, 16 for every row
  Predictor<T> predict{};
  unsigned count = 0;  // rows that are coded
  std::uint8_t row[tile_rows];
  float step[tile_rows];  // times `channel_unit`
  TileMean mean;
  // How far it got:
  unsigned chunk = 0;
  unsigned next = 0;         // of the rows
  std::uint32_t at[4] = {};  // of the chunk's waves

  bool has_escape(const std::uint8_t* step_symbols) const {
    const std::uint64_t used = ~std::uint64_t{0} >> (tile_rows - tile.count);
    return (T::bits_of(T::equal(T::load(step_symbols), T::fill(escape))) & used) != 0;
  }

  /// Takes the steps of a tile without escapes. Returns false if they are corrupt.
  bool take_steps(const std::uint8_t* step_symbols) {
    const int least = tile.head->step_code - 7;
    if (least < -max_step_code || least + 14 > max_step_code) {
      for (unsigned r = 0; r < tile.count; ++r) {
        if (!is_step_code(least + step_symbols[r])) return false;
      }
    }
    float steps[16] = {};
    for (int s = 0; s < escape; ++s) steps[s] = step_of(least + s) * T::channel_unit;
    T::lookup(steps, T::load(step_symbols), step);
    for (unsigned r = 0; r < tile.count; ++r) row[r] = static_cast<std::uint8_t>(r);
    count = tile.count;
    return true;
  }

  /// The same for any tile. Writes the rows, of `row_bytes`, that are stored as they are or are zeros.
  bool take_escaped_steps(const std::uint8_t* step_symbols, PartReader& parts, std::size_t row_bytes) {
    count = 0;
    for (unsigned r = 0; r < tile.count; ++r) {
      int code = tile.head->step_code + step_symbols[r] - 7;
      if (step_symbols[r] == escape) {
        if (parts.at.escapes >= parts.wides_begin) return false;
        const auto distance = static_cast<std::int8_t>(*parts.at.escapes++);
        if (distance == zero_row) {
          std::memset(tile.rows + r * tile.pitch, 0, row_bytes);
          continue;
        }
        if (distance == raw_row) {
          if (static_cast<std::size_t>(parts.lows_begin - parts.at.raws) < row_bytes) return false;
          std::memcpy(tile.rows + r * tile.pitch, parts.at.raws, row_bytes);
          parts.at.raws += row_bytes;
          continue;
        }
        code = tile.head->step_code + distance;
        if (distance == wide_escape && !parts.take_wide(code)) return false;
      }
      if (!is_step_code(code)) return false;
      step[count] = step_of(code) * T::channel_unit;
      row[count++] = static_cast<std::uint8_t>(r);
    }
    return true;
  }

  /// What is predicted for the open chunk's channels of coded row `i`.
  __attribute__((noinline)) void predictions(unsigned i, float* to) const {
    with_motion(predict.motion, [&](auto motion) {
      for (unsigned part = 0; part < 4; ++part) {
        T::store_floats(to + std::size_t{16} * part,
                        predict.template part<motion>(part, chunk * chunk_channels, at, row[i]));
      }
    });
  }

 private:
  static bool is_step_code(int code) { return code >= -max_step_code && code <= max_step_code; }
};

}  // namespace cinch::quant
