/// The first half of encoding: rows become step codes, symbols, escapes and low bits.
#pragma once

#include <cstring>

#include "plugins/quant/chunk_tables.hpp"
#include "plugins/quant/prediction.hpp"
#include "plugins/quant/steps.hpp"

namespace cinch::quant {

/// The scratch memory of quantising and decoding.
template <class T>
struct Scratch {
  ChunkTables<T>* tables;  // of every chunk of every head
  std::uint8_t* rows;      // a tile of one head, of padded_dim elements
  std::uint8_t* symbols;   // of two tiles: `group_room` for every group

  static constexpr std::size_t group_room = std::size_t{tile_rows} * group_channels;

  static std::size_t bytes(std::uint32_t heads, std::uint32_t dim) {
    return heads * std::size_t{chunks_of(dim)} * sizeof(ChunkTables<T>) + rows_bytes(dim) +
           2 * chunks_of(dim) * 4 * group_room + slack;
  }
  static Scratch of(void* memory, std::uint32_t heads, std::uint32_t dim) {
    auto* const tables = static_cast<ChunkTables<T>*>(memory);
    auto* const rows = reinterpret_cast<std::uint8_t*>(tables + heads * std::size_t{chunks_of(dim)});
    return {tables, rows, rows + rows_bytes(dim)};
  }

 private:
  static std::size_t rows_bytes(std::uint32_t dim) { return std::size_t{tile_rows} * padded_dim(dim) * 4; }
};

/// A tile of one head.
struct Tile {
  const std::uint8_t* rows;
  std::size_t pitch;  // bytes from row to row
  unsigned count;
  std::uint64_t token;  // of the first row, in its plane
};

template <class T, Element element>
class Quantiser {
 public:
  Quantiser(const Block& block, const Precision& precision, Quantised& to)
      : block_(block),
        precision_(precision),
        to_(to),
        chunks_(chunks_of(block.dim)),
        scratch_(Scratch<T>::of(to.scratch, block.heads, block.dim)) {}

  bool run(const std::uint8_t* from) {
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
          const std::uint8_t* const rows = from + (plane * block_.tokens + t) * pitch + h * row_bytes;
          tile(heads[h], scratch_.tables + h * chunks_, {rows, pitch, count, block_.first_token + t});
          if (to_.escape_count + 2 * to_.wide_count + to_.raw_count + to_.low_bytes > to_.most) return false;
        }
      }
    }
    return true;
  }

 private:
  void prepare(const Head* heads) {
    for (std::uint32_t h = 0; h < block_.heads; ++h) {
      for (unsigned c = 0; c < chunks_; ++c) {
        ChunkTables<T>::prepare(heads[h].chunks[c], scratch_.tables[h * chunks_ + c]);
      }
    }
  }

  void tile(const Head& head, const ChunkTables<T>* tables, Tile tile) {
    if (block_.dim % chunk_channels != 0) pad(tile);
    step_codes(head, tile);
    const bool turns = head.partner != nullptr;
    const Predictor<T> predict = Predictor<T>::at(head, padded_dim(block_.dim), tile.token, tile_waves_, tile_mean_);
    for (unsigned c = 0; c < chunks_; ++c) {
      if (tables[c].is_wide) {
        turns ? wide_chunk<true>(head, c, tile, predict) : wide_chunk<false>(head, c, tile, predict);
      } else {
        turns ? chunk<true>(head, c, tables[c], tile, predict) : chunk<false>(head, c, tables[c], tile, predict);
      }
    }
  }

  /// Copies the rows to where they are followed by zeros.
  void pad(Tile& tile) {
    const std::size_t row_bytes = block_.dim * size_of(element), pitch = padded_dim(block_.dim) * size_of(element);
    for (unsigned r = 0; r < tile.count; ++r) {
      std::memcpy(scratch_.rows + r * pitch, tile.rows + r * tile.pitch, row_bytes);
      std::memset(scratch_.rows + r * pitch + row_bytes, 0, pitch - row_bytes);
    }
    tile.rows = scratch_.rows;
    tile.pitch = pitch;
  }

  // ---- Step codes

  void step_codes(const Head& head, const Tile& tile) {
    float squares[tile_rows];
    for (unsigned r = 0; r < tile.count; ++r) squares[r] = square_of(tile.rows + r * tile.pitch);
    const std::uint64_t first =
        tile.token >= precision_.first ? 0 : precision_.first - tile.token;  // rows of the first tokens
    std::uint32_t unusual = 0;
    for (unsigned r = 0; r < tile.count; ++r) {
      const float precision = r < first ? precision_.first_square : precision_.square;
      const float limit = squares[r] * precision;
      // A row this far from its prediction costs less as it is; and no value may be beyond 16 bits.
      const bool is_usual = squares[r] > 1e-26f && squares[r] < 1e30f && squares[r] < 1.4e8f * limit &&
                            head.mean_square < 16129.0f * static_cast<float>(block_.dim) * limit;
      const int finer = limit < precision_.least_square ? 4 : 0;
      codes_[r] = is_usual ? code_of_square(limit) - finer : not_coded;
      const int distance = codes_[r] - head.step_code;
      unusual |= static_cast<std::uint32_t>(distance + 7 > 14) | static_cast<std::uint32_t>(distance + 7 < 0);
    }
    std::uint8_t* const symbols = begin_run(tile.count, head.step_class);
    const int reach = classes[head.step_class].reach;
    if (unusual == 0 && reach == 7) {
      for (unsigned r = 0; r < tile.count; ++r) {
        symbols[r] = static_cast<std::uint8_t>(codes_[r] - head.step_code + 7);
        row_[r] = static_cast<std::uint8_t>(r);
      }
      rows_ = tile.count;
      return;
    }
    rows_ = 0;
    for (unsigned r = 0; r < tile.count; ++r) symbols[r] = step_symbol(head, reach, tile, r);
  }

  float square_of(const std::uint8_t* row) const {
    typename T::Floats sum = T::fill_floats(0);
    for (std::uint32_t c = 0; c < padded_dim(block_.dim); c += 16) {
      const typename T::Floats x = load<T, element>(row + c * size_of(element));
      sum = T::add(sum, T::mul(x, x));
    }
    return T::sum(sum);
  }

  std::uint8_t step_symbol(const Head& head, int reach, const Tile& tile, unsigned r) {
    if (codes_[r] == not_coded) {
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
    row_[rows_++] = static_cast<std::uint8_t>(r);
    const int distance = codes_[r] - head.step_code;
    if (distance >= -reach && distance <= reach) return static_cast<std::uint8_t>(distance + 7);
    if (distance > wide_escape && distance < raw_row) {
      to_.escapes[to_.escape_count++] = static_cast<std::uint8_t>(distance);
    } else {
      to_.escapes[to_.escape_count++] = static_cast<std::uint8_t>(wide_escape);
      put_wide(codes_[r]);
    }
    return escape;
  }

  /// Of zeros with a sign the sign is lost.
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

  struct Groups {
    std::uint8_t* symbols[4];
    unsigned width[4];
  };

  /// A run for every group; those that are missing write to where nobody looks.
  Groups begin_groups(const Chunk& chunk) {
    Groups made;
    for (unsigned g = 0; g < 4; ++g) {
      made.width[g] = g < chunk.groups ? chunk.width_of(g) : 0;
      made.symbols[g] = g < chunk.groups ? begin_run(rows_ * std::size_t{made.width[g]}, chunk.group_class[g]) : dump_;
    }
    return made;
  }

  template <bool turns>
  inline __attribute__((always_inline)) typename T::Channels steps_of(const Tile& tile, const Predictor<T>& predict,
                                                                      unsigned channel, const unsigned (&at)[4],
                                                                      unsigned row) const {
    const std::uint8_t* const values = tile.rows + row * tile.pitch + channel * size_of(element);
    const typename T::Floats inverse = T::fill_floats(inverse_step_of(codes_[row]));
    typename T::Channels made;
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; ++i) {
      const typename T::Floats x = load<T, element>(values + std::size_t{16} * i * size_of(element));
      const typename T::Floats p = predict.template operator()<turns>(channel + 16 * i, at[i], row);
      made.part[i] = T::mul(T::sub(x, p), inverse);
    }
    return made;
  }

  template <bool turns>
  void chunk(const Head& head, unsigned c, const ChunkTables<T>& tables, const Tile& tile,
             const Predictor<T>& predict) {
    const Chunk& chunk = head.chunks[c];
    const Groups groups = begin_groups(chunk);
    const unsigned channel = c * chunk_channels;
    unsigned at[4] = {};
    for (unsigned i = 0; turns && i < 4; ++i) at[i] = (channel + 16 * i) % head.period;
    const typename T::Bytes escapes = T::fill(escape), most = T::fill(127), least = T::fill(128);
    std::uint8_t* escaped = to_.escapes + to_.escape_count;
    std::uint8_t* lows = to_.lows + to_.low_bytes;
    for (unsigned i = 0; i < rows_; ++i) {
      const typename T::Channels steps = steps_of<turns>(tile, predict, channel, at, row_[i]);
      typename T::Bytes q = T::arrange(T::round_to_bytes(steps), tables.order);
      const typename T::Bytes biased = T::add(q, tables.bias);
      const typename T::Mask is_escape = T::above(T::add(q, tables.reach), tables.span);
      typename T::Bytes symbols = tables.low_bits > 0 ? T::shift_right(biased, tables.shift) : biased;
      for (unsigned b = 0; b < tables.low_bits; ++b) {
        const std::uint64_t bits = T::bits_of(T::with_bit(biased, b)) >> (16 * tables.first_with[b]);
        std::memcpy(lows, &bits, sizeof bits);
        lows += std::size_t{2} * (chunk.groups - tables.first_with[b]);
      }
      if (const std::uint64_t escape_bits = T::bits_of(is_escape); escape_bits != 0) {
        const std::uint64_t ends = (T::bits_of(T::equal(q, most)) | T::bits_of(T::equal(q, least))) & escape_bits;
        if (ends != 0) q = mark_wides(steps, chunk, ends, q);
        escaped = T::pack_lanes(escaped, is_escape, q);
        symbols = T::select(is_escape, escapes, symbols);
      }
      T::template store_quarter<0>(groups.symbols[0] + i * groups.width[0], symbols);
      T::template store_quarter<1>(groups.symbols[1] + i * groups.width[1], symbols);
      T::template store_quarter<2>(groups.symbols[2] + i * groups.width[2], symbols);
      T::template store_quarter<3>(groups.symbols[3] + i * groups.width[3], symbols);
    }
    to_.escape_count = static_cast<std::size_t>(escaped - to_.escapes);
    to_.low_bytes = static_cast<std::size_t>(lows - to_.lows);
  }

  /// Of the lanes in `ends`, which rounded to an end of a byte's range, those beyond it are put aside.
  typename T::Bytes mark_wides(const typename T::Channels& steps, const Chunk& chunk, std::uint64_t ends,
                               typename T::Bytes q) {
    float step[chunk_channels];
    for (unsigned i = 0; i < 4; ++i) T::store_floats(step + std::size_t{16} * i, steps.part[i]);
    std::uint8_t lane[chunk_channels];
    T::store(lane, q);
    for (unsigned i = 0; i < chunk_channels; ++i) {
      if ((ends >> i & 1) == 0) continue;
      const int value = rounded(step[chunk.channel_of_lane[i]]);
      if (value >= -127 && value <= 127) continue;
      lane[i] = static_cast<std::uint8_t>(wide_escape);
      put_wide(value);
    }
    return T::load(lane);
  }

  static int rounded(float value) {
    constexpr float magic = 0x1.8p23f;
    return static_cast<int>(std::bit_cast<std::uint32_t>(value + magic) - std::bit_cast<std::uint32_t>(magic));
  }

  /// A chunk with values beyond a byte: one at a time.
  template <bool turns>
  void wide_chunk(const Head& head, unsigned c, const Tile& tile, const Predictor<T>& predict) {
    const Chunk& chunk = head.chunks[c];
    const Groups groups = begin_groups(chunk);
    const unsigned channel = c * chunk_channels;
    unsigned at[4] = {};
    for (unsigned i = 0; turns && i < 4; ++i) at[i] = (channel + 16 * i) % head.period;
    for (unsigned i = 0; i < rows_; ++i) {
      const typename T::Channels steps = steps_of<turns>(tile, predict, channel, at, row_[i]);
      float step[chunk_channels];
      for (unsigned part = 0; part < 4; ++part) T::store_floats(step + std::size_t{16} * part, steps.part[part]);
      for (unsigned g = 0; g < chunk.groups; ++g) {
        const SigmaClass& of = classes[chunk.group_class[g]];
        std::uint16_t lows[most_low_bits + 1] = {};
        for (unsigned j = 0; j < groups.width[g]; ++j) {
          const int q = rounded(step[chunk.channel_of_lane[16 * g + j]]), biased = q + (7 << of.low_bits);
          const int symbol = biased >> of.low_bits;
          const bool is_escape = symbol < 7 - of.reach || symbol > 7 + of.reach;
          groups.symbols[g][i * groups.width[g] + j] = is_escape ? escape : static_cast<std::uint8_t>(symbol);
          if (is_escape) put_wide(q);
          for (unsigned b = 0; b < of.low_bits; ++b) {
            lows[b] = static_cast<std::uint16_t>(lows[b] | (biased >> b & 1) << j);
          }
        }
        std::memcpy(to_.lows + to_.low_bytes, lows, std::size_t{2} * of.low_bits);
        to_.low_bytes += std::size_t{2} * of.low_bits;
      }
    }
  }

  static constexpr int not_coded = 30000;

  const Block& block_;
  const Precision& precision_;
  Quantised& to_;
  const unsigned chunks_;
  const Scratch<T> scratch_;
  std::uint8_t* next_symbols_ = to_.symbols;
  TileWaves<T> tile_waves_;
  TileMean<T> tile_mean_;
  int codes_[tile_rows];  // of every row of the tile
  std::uint8_t row_[tile_rows];
  unsigned rows_ = 0;  // those of `row_`: the rows that are coded
  std::uint8_t dump_[16];
};

}  // namespace cinch::quant
