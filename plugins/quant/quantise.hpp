/// The first half of encoding: rows become step codes, symbols, escapes and low bits.
#pragma once

#include <cstring>

#include "plugins/quant/prediction.hpp"
#include "plugins/quant/row_steps.hpp"

namespace cinch::quant {

template <class T, Element element>
class Quantiser {
 public:
  Quantiser(const Block& block, const Precision& precision, Quantised& to)
      : block_(block),
        to_(to),
        chunks_(chunks_of(block.dim)),
        scratch_(Scratch<T>::of(to.scratch, block.heads, block.dim)),
        steps_(block, precision) {}

  bool run(const std::uint8_t* from) {
    return for_each_tile(
        block_, size_of(element), scratch_, from, [] { return true; },
        [this](const Tile& tile) {
          code(tile);
          return to_.escape_count + 2 * to_.wide_count + to_.raw_count + to_.low_bytes <= to_.most;
        });
  }

 private:
  using Tile = quant::Tile<T, const std::uint8_t>;

  void code(Tile tile) {
    if (block_.dim % chunk_channels != 0) pad(tile);
    const Predictor<T> predict =
        Predictor<T>::at(*tile.head, padded_dim(block_.dim), tile.token, tile_waves_, tile_mean_);
    step_codes(*tile.head, tile, predict);
    for (unsigned c = 0; c < chunks_; ++c) {
      const ChunkRows rows(tile, c, predict);
      with_motion(predict.motion, [&](auto motion) {
        tile.tables[c].is_wide ? wide_chunk<motion>(rows) : values<motion>(rows, tile.tables[c]);
      });
    }
  }

  /// A chunk of a tile.
  struct ChunkRows {
    const Chunk& chunk;
    const std::uint8_t* first;  ///< Of its channels.
    std::size_t pitch;
    std::size_t to_next;
    unsigned channel;  ///< The first.
    Predictor<T> predict;
    unsigned at[4] = {};  ///< Where the waves of its parts are.

    ChunkRows(const Tile& tile, unsigned c, const Predictor<T>& predictor)
        : chunk(tile.head->chunks[c]),
          first(tile.rows + std::size_t{c} * chunk_channels * size_of(element)),
          pitch(tile.pitch),
          to_next(tile.to_next),
          channel(c * chunk_channels),
          predict(predictor) {
      for (unsigned i = 0; predict.turns() && i < 4; ++i) at[i] = predict.place_of(channel + 16 * i);
    }
    const std::uint8_t* row(unsigned r) const { return first + r * pitch; }
  };

  /// Copies the rows to scratch memory, padded with zeros.
  void pad(Tile& tile) {
    const std::size_t row_bytes = block_.dim * size_of(element), pitch = padded_dim(block_.dim) * size_of(element);
    for (unsigned r = 0; r < tile.count; ++r) {
      std::memcpy(scratch_.rows + r * pitch, tile.rows + r * tile.pitch, row_bytes);
      std::memset(scratch_.rows + r * pitch + row_bytes, 0, pitch - row_bytes);
    }
    tile.rows = scratch_.rows;
    tile.pitch = pitch;
    tile.to_next = 0;
  }

  // ---- Step codes

  void step_codes(const Head& head, const Tile& tile, const Predictor<T>& predict) {
    steps_.choose(tile, predict);
    const int* const codes = steps_.codes();
    const int reach = classes[head.step_class].reach;
    unsigned beyond = 0;
    for (unsigned r = 0; r < tile.count; ++r) {
      beyond |= static_cast<unsigned>(codes[r] - head.step_code + reach > 2 * reach) |
                static_cast<unsigned>(codes[r] - head.step_code + reach < 0);
    }
    std::uint8_t* const symbols = begin_run(tile.count, head.step_class);
    rows_ = 0;
    if (beyond != 0) {
      for (unsigned r = 0; r < tile.count; ++r) symbols[r] = step_symbol(head, reach, tile, r);
      return;
    }
    const int least = head.step_code - 7;
    rows_ = tile.count;
    for (unsigned r = 0, count = rows_; r < count; ++r) symbols[r] = static_cast<std::uint8_t>(codes[r] - least);
    for (unsigned r = 0, count = rows_; r < count; ++r) row_[r] = static_cast<std::uint8_t>(r);
    std::memcpy(inverse_, steps_.inverses(), rows_ * sizeof(float));
  }

  std::uint8_t step_symbol(const Head& head, int reach, const Tile& tile, unsigned r) {
    const int code = steps_.codes()[r];
    if (code == RowSteps<T, element>::not_coded) {
      const std::uint8_t* const row = tile.rows + r * tile.pitch;
      const std::size_t bytes = block_.dim * size_of(element);
      const bool is_zero = is_all_zero(row, bytes);
      to_.escapes[to_.escape_count++] = static_cast<std::uint8_t>(is_zero ? zero_row : raw_row);
      if (!is_zero) {
        std::memcpy(to_.raws + to_.raw_count, row, bytes);
        to_.raw_count += bytes;
      }
      return escape;
    }
    inverse_[rows_] = steps_.inverses()[r];
    row_[rows_++] = static_cast<std::uint8_t>(r);
    const int distance = code - head.step_code;
    if (distance >= -reach && distance <= reach) return static_cast<std::uint8_t>(distance + 7);
    if (distance > wide_escape && distance < raw_row) {
      to_.escapes[to_.escape_count++] = static_cast<std::uint8_t>(distance);
    } else {
      to_.escapes[to_.escape_count++] = static_cast<std::uint8_t>(wide_escape);
      put_wide(code);
    }
    return escape;
  }

  /// Negative zeros count as zeros; their sign is lost.
  static bool is_all_zero(const std::uint8_t* row, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      const bool has_sign = i % size_of(element) == size_of(element) - 1;
      if ((row[i] & (has_sign ? 0x7f : 0xff)) != 0) return false;
    }
    return true;
  }

  void put_wide(int value) {
    to_.wides[2 * to_.wide_count] = static_cast<std::uint8_t>(value);
    to_.wides[2 * to_.wide_count + 1] = static_cast<std::uint8_t>(value >> 8);
    ++to_.wide_count;
  }

  // ---- Values

  std::uint8_t* begin_run(std::size_t count, std::uint8_t symbol_class) {
    std::uint8_t* const symbols = next_symbols_;
    to_.runs[to_.run_count++] = {static_cast<std::uint16_t>(count), symbol_class};
    next_symbols_ += room_of(count);
    return symbols;
  }

  /// Where the symbols of a chunk's groups go, 16 of every row. Those of groups that the chunk lacks go to scratch
  /// memory that nobody reads.
  struct Groups {
    std::uint8_t* symbols[4];
  };

  Groups begin_groups(const Chunk& chunk) {
    Groups made;
    for (unsigned g = 0; g < 4; ++g) {
      made.symbols[g] = scratch_.symbols + Scratch<T>::group_room;
      if (g >= chunk.groups) continue;
      const unsigned width = chunk.width_of(g);
      made.symbols[g] = width == group_channels ? next_symbols_ : scratch_.symbols;
      begin_run(rows_ * std::size_t{width}, chunk.group_class[g]);
    }
    return made;
  }

  /// Moves the symbols of a group of fewer channels to its run, the last one.
  void end_groups(const Chunk& chunk) {
    const unsigned width = chunk.width_of(chunk.groups - 1u);
    if (width == group_channels) return;
    std::uint8_t* to = next_symbols_ - room_of(rows_ * std::size_t{width});
    for (unsigned i = 0; i < rows_; ++i, to += width) std::memcpy(to, scratch_.symbols + i * group_channels, width);
  }

  /// Where escapes and low bits go.
  struct Ends {
    std::uint8_t* escapes;
    std::uint8_t* lows;
  };

  template <Motion motion>
  void values(const ChunkRows& rows, const ChunkTables<T>& given) {
    const ChunkTables<T> tables = given;  // a copy: no store to bytes can change it
    const Groups groups = begin_groups(rows.chunk);
    Ends ends{to_.escapes + to_.escape_count, to_.lows + to_.low_bytes};
    unsigned i = 0;
    for (; at_once > 1 && i + at_once <= rows_; i += at_once) {
      some_rows<motion, at_once>(rows, tables, groups, i, ends);
    }
    for (; i < rows_; ++i) some_rows<motion, 1>(rows, tables, groups, i, ends);
    to_.escape_count = static_cast<std::size_t>(ends.escapes - to_.escapes);
    to_.low_bytes = static_cast<std::size_t>(ends.lows - to_.lows);
    end_groups(rows.chunk);
  }

  template <Motion motion, unsigned count>
  CINCH_ALWAYS_INLINE void some_rows(const ChunkRows& rows, const ChunkTables<T>& tables, const Groups& groups,
                                     unsigned i, Ends& ends) {
    typename T::Channels steps[count];
    unsigned row[count];
#pragma GCC unroll 4
    for (unsigned r = 0; r < count; ++r) {
      row[r] = row_[i + r];
      load<T, element>(rows.row(row[r]), steps[r]);
      // The same row of the next tile: there is time for that here.
      for (std::size_t line = 0; rows.to_next != 0 && line < chunk_channels * size_of(element); line += 64) {
        __builtin_prefetch(rows.row(row[r]) + rows.to_next + line, 0, 2);
      }
    }
#pragma GCC unroll 4
    for (unsigned part = 0; part < 4; ++part) {
#pragma GCC unroll 4
      for (unsigned r = 0; r < count; ++r) {
        const typename T::Floats p = rows.predict.template part<motion>(part, rows.channel, rows.at, row[r]);
        steps[r].part[part] = T::mul(T::sub(steps[r].part[part], p), T::fill_floats(inverse_[i + r]));
      }
    }
#pragma GCC unroll 4
    for (unsigned r = 0; r < count; ++r) {
      typename T::Bytes q = T::arrange(T::round_to_bytes(steps[r]), tables.order);
      const typename T::Bytes biased = T::add(q, tables.bias);
      const typename T::Mask is_escape = T::above(T::add(q, tables.reach), tables.span);
      typename T::Bytes symbols = biased;
      if (tables.low_bits > 0) {
        symbols = T::shift_right(biased, tables.shift);
        for (unsigned b = 0; b < tables.low_bits; ++b) {
          const std::uint64_t bits = T::bits_of(T::with_bit(biased, b)) >> (16 * tables.first_with[b]);
          std::memcpy(ends.lows, &bits, sizeof bits);
          ends.lows += tables.bytes_with[b];
        }
      }
      if (T::bits_of(is_escape) != 0) {
        // -128 and 127 also stand for all beyond.
        const typename T::Mask is_end = T::above(T::add(q, T::fill(127)), T::fill(253));
        const std::uint64_t outside = T::bits_of(is_end) & T::bits_of(is_escape);
        if (outside != 0) q = mark_wides(steps[r], rows.chunk, outside, q);
        ends.escapes = T::pack_lanes(ends.escapes, is_escape, q);
        symbols = T::select(is_escape, T::fill(escape), symbols);
      }
      const std::size_t to = std::size_t{i + r} * group_channels;
      T::template store_quarter<0>(groups.symbols[0] + to, symbols);
      T::template store_quarter<1>(groups.symbols[1] + to, symbols);
      T::template store_quarter<2>(groups.symbols[2] + to, symbols);
      T::template store_quarter<3>(groups.symbols[3] + to, symbols);
    }
  }

  /// `ends` are the lanes that rounded to -128 or 127. Those really beyond -127 and 127 become `wide_escape`, and their
  /// values go to `wides`.
  typename T::Bytes mark_wides(const typename T::Channels& steps, const Chunk& chunk, std::uint64_t ends,
                               typename T::Bytes q) {
    float step[chunk_channels];
    for (unsigned i = 0; i < 4; ++i) T::store_floats(step + std::size_t{16} * i, steps.part[i]);
    std::uint8_t lane[chunk_channels];
    T::store(lane, q);
    for (unsigned i = 0; i < chunk_channels; ++i) {
      if ((ends >> i & 1) == 0) continue;
      const int value = simd::round_to_int(step[chunk.channel_of_lane[i]]);
      if (value >= -127 && value <= 127) continue;
      lane[i] = static_cast<std::uint8_t>(wide_escape);
      put_wide(value);
    }
    return T::load(lane);
  }

  /// A chunk with values beyond a byte: one at a time.
  template <Motion motion>
  void wide_chunk(const ChunkRows& rows) {
    const Chunk& chunk = rows.chunk;
    const Groups groups = begin_groups(chunk);
    for (unsigned i = 0; i < rows_; ++i) {
      float step[chunk_channels];
      for (unsigned part = 0; part < 4; ++part) {
        const typename T::Floats p = rows.predict.template part<motion>(part, rows.channel, rows.at, row_[i]);
        const typename T::Floats x = load<T, element>(rows.row(row_[i]) + std::size_t{16} * part * size_of(element));
        T::store_floats(step + std::size_t{16} * part, T::mul(T::sub(x, p), T::fill_floats(inverse_[i])));
      }
      for (unsigned g = 0; g < chunk.groups; ++g) {
        const SigmaClass& of = classes[chunk.group_class[g]];
        std::uint16_t lows[max_low_bits + 1] = {};
        for (unsigned j = 0; j < chunk.width_of(g); ++j) {
          const int q = simd::round_to_int(step[chunk.channel_of_lane[16 * g + j]]), biased = q + (7 << of.low_bits);
          const int symbol = biased >> of.low_bits;
          const bool is_escape = symbol < 7 - of.reach || symbol > 7 + of.reach;
          groups.symbols[g][i * group_channels + j] = is_escape ? escape : static_cast<std::uint8_t>(symbol);
          if (is_escape) put_wide(q);
          for (unsigned b = 0; b < of.low_bits; ++b) {
            lows[b] = static_cast<std::uint16_t>(lows[b] | (biased >> b & 1) << j);
          }
        }
        std::memcpy(to_.lows + to_.low_bytes, lows, std::size_t{2} * of.low_bits);
        to_.low_bytes += std::size_t{2} * of.low_bits;
      }
    }
    end_groups(chunk);
  }

  static constexpr unsigned at_once = T::has_many_registers ? 2 : 1;  // rows

  const Block& block_;
  Quantised& to_;
  const unsigned chunks_;
  const Scratch<T> scratch_;
  std::uint8_t* next_symbols_ = to_.symbols;
  rotary::TileWaves tile_waves_;
  TileMean tile_mean_;
  RowSteps<T, element> steps_;
  unsigned rows_ = 0;  // how many rows of the tile are coded, and of each:
  std::uint8_t row_[tile_rows];
  float inverse_[tile_rows];  // of its step
};

}  // namespace cinch::quant
