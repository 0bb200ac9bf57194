/// Decoding: bytes become symbols, symbols become rows, a tile of one head at a time. Whatever the bytes are, nothing
/// is read but they and `slack` bytes behind each part, and nothing is written but the rows.
#pragma once

#include <cstring>

#include "plugins/quant/quantise.hpp"

namespace cinch::quant {

template <class T, Element element, std::size_t sets>
class Dequantiser {
 public:
  Dequantiser(const Block& block, const Stored& from)
      : block_(block),
        from_(from),
        chunks_(chunks_of(block.dim)),
        scratch_(Scratch<T>::of(from.scratch, block.heads, block.dim)),
        stream_(from.stream, static_cast<std::size_t>(from.states - from.stream)),
        states_(rans::States<T, sets>::read(from.states)) {}

  bool run(std::uint8_t* to) {
    const std::size_t row_bytes = block_.dim * size_of(element), pitch = block_.heads * row_bytes;
    const Head* prepared = nullptr;
    for (std::uint64_t plane = 0; plane < block_.planes; ++plane) {
      const Head* const heads = block_.plane_heads[plane];
      if (heads != prepared) prepare(heads);
      prepared = heads;
      for (std::uint64_t t = 0; t < block_.tokens; t += tile_rows) {
        const std::uint64_t left = block_.tokens - t;
        const auto count = static_cast<unsigned>(left < tile_rows ? left : tile_rows);
        for (std::uint32_t h = 0; h < block_.heads; ++h) {
          std::uint8_t* const rows = to + (plane * block_.tokens + t) * pitch + h * row_bytes;
          if (!tile(heads[h], scratch_.tables + h * chunks_, rows, pitch, count, block_.first_token + t)) return false;
        }
      }
    }
    return stream_.is_empty() && states_.is_start() && from_.escapes == wides_begin_ && from_.wides == raws_begin_ &&
           from_.raws == lows_begin_ && from_.lows == from_.stream;
  }

 private:
  void prepare(const Head* heads) {
    for (std::uint32_t h = 0; h < block_.heads; ++h) {
      for (unsigned c = 0; c < chunks_; ++c) {
        ChunkTables<T>::prepare(heads[h].chunks[c], scratch_.tables[h * chunks_ + c]);
      }
    }
  }

  bool tile(const Head& head, const ChunkTables<T>* tables, std::uint8_t* rows, std::size_t pitch, unsigned count,
            std::uint64_t token) {
    if (!step_codes(head, rows, pitch, count)) return false;
    const bool is_padded = block_.dim % chunk_channels != 0;
    std::uint8_t* const to = is_padded ? scratch_.rows : rows;
    const std::size_t to_pitch = is_padded ? padded_dim(block_.dim) * size_of(element) : pitch;
    const bool turns = head.partner != nullptr;
    const Predictor<T> predict = Predictor<T>::at(head, padded_dim(block_.dim), token, tile_waves_, tile_mean_);
    for (unsigned c = 0; c < chunks_; ++c) {
      const Chunk& chunk = head.chunks[c];
      if (!read_groups(chunk)) return false;
      const std::size_t low_bytes = rows_ * tables[c].low_bytes(chunk);
      if (static_cast<std::size_t>(from_.stream - from_.lows) < low_bytes) return false;
      const bool is_good = turns ? values<true>(head, c, tables[c], predict, to, to_pitch)
                                 : values<false>(head, c, tables[c], predict, to, to_pitch);
      if (!is_good) return false;
    }
    for (unsigned i = 0; is_padded && i < rows_; ++i) {
      std::memcpy(rows + row_[i] * pitch, to + row_[i] * to_pitch, block_.dim * size_of(element));
    }
    return true;
  }

  // ---- Step codes

  bool step_codes(const Head& head, std::uint8_t* rows, std::size_t pitch, unsigned count) {
    std::uint8_t symbols[tile_rows];
    if (!read_run(symbols, count, head.step_class)) return false;
    rows_ = 0;
    const std::size_t row_bytes = block_.dim * size_of(element);
    for (unsigned r = 0; r < count; ++r) {
      int code = head.step_code + symbols[r] - 7;
      if (symbols[r] == escape) {
        if (from_.escapes >= wides_begin_) return false;
        const auto distance = static_cast<std::int8_t>(*from_.escapes++);
        if (distance == zero_row) {
          std::memset(rows + r * pitch, 0, row_bytes);
          continue;
        }
        if (distance == raw_row) {
          if (static_cast<std::size_t>(lows_begin_ - from_.raws) < row_bytes) return false;
          std::memcpy(rows + r * pitch, from_.raws, row_bytes);
          from_.raws += row_bytes;
          continue;
        }
        code = head.step_code + distance;
        if (distance == wide_escape && !take_wide(code)) return false;
      }
      if (code < -most_step_code || code > most_step_code) return false;
      codes_[r] = code;
      row_[rows_++] = static_cast<std::uint8_t>(r);
    }
    return true;
  }

  bool take_wide(int& value) {
    if (raws_begin_ - from_.wides < 2) return false;
    value = static_cast<std::int16_t>(from_.wides[0] | from_.wides[1] << 8);
    from_.wides += 2;
    return true;
  }

  // ---- Values

  bool read_run(std::uint8_t* symbols, std::size_t count, std::uint8_t symbol_class) {
    const auto table = rans::DecodeTable<T>::of(class_columns.column[symbol_class]);
    return stream_.take(rans::decode_run<T, sets>(symbols, count, table, states_, stream_.need(count)));
  }

  bool read_groups(const Chunk& chunk) {
    for (unsigned g = 0; g < 4; ++g) {
      width_[g] = g < chunk.groups ? chunk.width_of(g) : 0;
      if (g < chunk.groups && !read_run(symbols_[g], rows_ * std::size_t{width_[g]}, chunk.group_class[g]))
        return false;
    }
    return true;
  }

  template <bool turns>
  bool values(const Head& head, unsigned c, const ChunkTables<T>& tables, const Predictor<T>& predict, std::uint8_t* to,
              std::size_t pitch) {
    const Chunk& chunk = head.chunks[c];
    const unsigned channel = c * chunk_channels;
    unsigned at[4] = {};
    for (unsigned i = 0; turns && i < 4; ++i) at[i] = (channel + 16 * i) % head.period;
    const typename T::Bytes escapes = T::fill(escape), wide = T::fill(static_cast<std::uint8_t>(wide_escape));
    for (unsigned i = 0; i < rows_; ++i) {
      const unsigned row = row_[i];
      std::uint8_t* const out = to + row * pitch + channel * size_of(element);
      if (tables.is_wide) {
        if (!wide_row<turns>(chunk, i, predict, channel, at, out)) return false;
        continue;
      }
      const typename T::Bytes symbols = T::load_quarters(symbols_[0] + i * width_[0], symbols_[1] + i * width_[1],
                                                         symbols_[2] + i * width_[2], symbols_[3] + i * width_[3]);
      typename T::Bytes q = T::lookup(tables.value, symbols);
      for (unsigned b = 0; b < tables.low_bits; ++b) {
        std::uint64_t bits;
        std::memcpy(&bits, from_.lows, sizeof bits);
        from_.lows += std::size_t{2} * (chunk.groups - tables.first_with[b]);
        const typename T::Mask is_set = T::mask_of(bits << (16 * tables.first_with[b]));
        q = T::select(is_set, T::add(q, T::fill(static_cast<std::uint8_t>(1u << b))), q);
      }
      const typename T::Mask is_escape = T::equal(symbols, escapes);
      const std::uint64_t escaped = T::bits_of(is_escape) & used_lanes(chunk);
      q = T::unpack_lanes(from_.escapes, T::mask_of(escaped), q);
      from_.escapes += __builtin_popcountll(escaped);
      if (from_.escapes > wides_begin_) return false;
      const typename T::Channels steps = T::channels_of(q, tables.order);
      const typename T::Floats step = T::fill_floats(step_of(codes_[row]));
#pragma GCC unroll 4
      for (unsigned part = 0; part < 4; ++part) {
        const typename T::Floats p = predict.template operator()<turns>(channel + 16 * part, at[part], row);
        store<T, element>(out + std::size_t{16} * part * size_of(element),
                          T::exact_product_add(steps.part[part], step, p));
      }
      if (const std::uint64_t wides = T::bits_of(T::equal(q, wide)) & escaped; wides != 0) {
        if (!put_wides<turns>(chunk, wides, row, predict, channel, at, out)) return false;
      }
    }
    return true;
  }

  static std::uint64_t used_lanes(const Chunk& chunk) { return ~std::uint64_t{0} >> (chunk_channels - chunk.channels); }

  /// Values beyond a byte: times the step they are not exact, so the product is rounded, then the sum.
  template <bool turns>
  bool put_wides(const Chunk& chunk, std::uint64_t wides, unsigned row, const Predictor<T>& predict, unsigned channel,
                 const unsigned (&at)[4], std::uint8_t* out) {
    float value[chunk_channels];
    predictions<turns>(predict, channel, at, row, value);
    for (unsigned i = 0; i < chunk_channels; ++i) {
      if ((wides >> i & 1) == 0) continue;
      int q = 0;
      if (!take_wide(q)) return false;
      put(value, chunk.channel_of_lane[i], q, row, out);
    }
    return true;
  }

  template <bool turns>
  void predictions(const Predictor<T>& predict, unsigned channel, const unsigned (&at)[4], unsigned row,
                   float* to) const {
    for (unsigned part = 0; part < 4; ++part) {
      T::store_floats(to + std::size_t{16} * part,
                      predict.template operator()<turns>(channel + 16 * part, at[part], row));
    }
  }

  void put(const float* predicted, unsigned channel, int q, unsigned row, std::uint8_t* out) const {
    const float product = static_cast<float>(q) * step_of(codes_[row]);
    float value[16] = {predicted[channel] + product};
    std::uint8_t stored[64];
    store<T, element>(stored, T::load_floats(value));
    std::memcpy(out + channel * size_of(element), stored, size_of(element));
  }

  /// A row of a chunk with values beyond a byte: one at a time.
  template <bool turns>
  bool wide_row(const Chunk& chunk, unsigned i, const Predictor<T>& predict, unsigned channel, const unsigned (&at)[4],
                std::uint8_t* out) {
    float value[chunk_channels];
    predictions<turns>(predict, channel, at, row_[i], value);
    for (unsigned g = 0; g < chunk.groups; ++g) {
      const SigmaClass& of = classes[chunk.group_class[g]];
      std::uint16_t lows[most_low_bits + 1];
      std::memcpy(lows, from_.lows, std::size_t{2} * of.low_bits);
      from_.lows += std::size_t{2} * of.low_bits;
      for (unsigned j = 0; j < width_[g]; ++j) {
        const std::uint8_t symbol = symbols_[g][i * width_[g] + j];
        int q = (symbol - 7) * (1 << of.low_bits);
        for (unsigned b = 0; b < of.low_bits; ++b) q += (lows[b] >> j & 1) << b;
        if (symbol == escape && !take_wide(q)) return false;
        put(value, chunk.channel_of_lane[16 * g + j], q, row_[i], out);
      }
    }
    return true;
  }

  const Block& block_;
  Stored from_;  // moves forward; each part ends where the next begins
  const std::uint8_t* const wides_begin_ = from_.wides;
  const std::uint8_t* const raws_begin_ = from_.raws;
  const std::uint8_t* const lows_begin_ = from_.lows;
  const unsigned chunks_;
  const Scratch<T> scratch_;
  rans::BackwardBytes<tile_rows * group_channels> stream_;
  rans::States<T, sets> states_;
  TileWaves<T> tile_waves_;
  TileMean<T> tile_mean_;
  int codes_[tile_rows];
  std::uint8_t row_[tile_rows];
  unsigned rows_ = 0;
  unsigned width_[4];
  alignas(64) std::uint8_t symbols_[4][tile_rows * group_channels + slack] = {};
};

}  // namespace cinch::quant
