/// Decoding: bytes become symbols, symbols become rows, a tile of one head at a time. Whatever the bytes are, nothing
/// is read but they and `slack` bytes behind each part, and nothing is written but the rows.
#pragma once

#include <cstring>

#include "plugins/quant/prediction.hpp"
#include "plugins/quant/steps.hpp"
#include "plugins/quant/tiles.hpp"

namespace cinch::quant {

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
  unsigned next = 0;    // of the rows
  std::uint32_t at[4];  // of the chunk's waves
};

template <class T, Element element, std::size_t sets>
class Dequantiser {
 public:
  Dequantiser(const Block& block, const Stored& from)
      : block_(block),
        from_(from),
        chunks_(chunks_of(block.dim)),
        scratch_(Scratch<T>::of(from.scratch, block.heads, block.dim)),
        stream_(from.stream, static_cast<std::size_t>(from.states - from.stream)),
        states_(rans::States<T, sets>::read(from.states)) {
    const std::size_t symbols = chunks_ * 4 * group_room;
    std::memset(scratch_.symbols, 0, 2 * symbols);
    jobs_[0].symbols = scratch_.symbols;
    jobs_[1].symbols = scratch_.symbols + symbols;
  }

  bool run(std::uint8_t* to) {
    const auto before = [this] { return finish(jobs_[!turn_]); };
    const auto decode = [this](const Tile& tile) { return this->tile(tile); };
    if (!for_each_tile(block_, size_of(element), scratch_, to, before, decode) || !before()) return false;
    return stream_.is_empty() && states_.is_start() && from_.escapes == wides_begin_ && from_.wides == raws_begin_ &&
           from_.raws == lows_begin_ && from_.lows == from_.stream;
  }

 private:
  using Job = DecodeJob<T>;
  using Tile = quant::Tile<T, std::uint8_t>;
  static constexpr unsigned at_once = T::has_many_registers ? sets : 1;  // rows
  static constexpr std::size_t group_room = Scratch<T>::group_room;

  /// Decodes the symbols of one tile and, between the coder's steps, makes rows of those of the tile before: what one
  /// waits for, the other does not.
  bool tile(const Tile& tile) {
    Job& job = jobs_[turn_];
    Job& before = jobs_[!turn_];
    job.tile = tile;
    std::uint8_t symbols[tile_rows];
    if (!read_run(symbols, tile.count, tile.head->step_class, rans::Nothing{})) return false;
    if (!step_codes(job, before, symbols)) return false;
    job.predict = Predictor<T>::at(*tile.head, padded_dim(block_.dim), tile.token, tile_waves_, job.mean);
    const bool is_good = with_motion(before.predict.motion, [&](auto motion) { return groups<motion>(job, before); });
    if (!is_good || !finish(before)) return false;
    turn_ = !turn_;
    job.chunk = 0;
    open_chunk(job);
    return is_good_;
  }

  // ---- Step codes

  bool step_codes(Job& job, Job& before, const std::uint8_t* symbols) {
    const unsigned count = job.tile.count;
    const typename T::Bytes all = T::load(symbols);
    const std::uint64_t used = ~std::uint64_t{0} >> (tile_rows - count);
    if ((T::bits_of(T::equal(all, T::fill(escape))) & used) == 0) {
      const int least = job.tile.head->step_code - 7;
      if (least < -most_step_code || least + 14 > most_step_code) {
        for (unsigned r = 0; r < count; ++r) {
          const int code = least + symbols[r];
          if (code < -most_step_code || code > most_step_code) return false;
        }
      }
      float steps[16] = {};
      for (int s = 0; s < escape; ++s) steps[s] = step_of(least + s) * T::channel_unit;
      T::lookup(steps, all, job.step);
      for (unsigned r = 0; r < count; ++r) job.row[r] = static_cast<std::uint8_t>(r);
      job.count = count;
      return true;
    }
    // The escapes of the tile before come first.
    return finish(before) && escaped_step_codes(job, symbols);
  }

  bool escaped_step_codes(Job& job, const std::uint8_t* symbols) {
    job.count = 0;
    const Head& head = *job.tile.head;
    const std::size_t row_bytes = block_.dim * size_of(element);
    for (unsigned r = 0; r < job.tile.count; ++r) {
      int code = head.step_code + symbols[r] - 7;
      if (symbols[r] == escape) {
        if (from_.escapes >= wides_begin_) return false;
        const auto distance = static_cast<std::int8_t>(*from_.escapes++);
        if (distance == zero_row) {
          std::memset(job.tile.rows + r * job.tile.pitch, 0, row_bytes);
          continue;
        }
        if (distance == raw_row) {
          if (static_cast<std::size_t>(lows_begin_ - from_.raws) < row_bytes) return false;
          std::memcpy(job.tile.rows + r * job.tile.pitch, from_.raws, row_bytes);
          from_.raws += row_bytes;
          continue;
        }
        code = head.step_code + distance;
        if (distance == wide_escape && !take_wide(code)) return false;
      }
      if (code < -most_step_code || code > most_step_code) return false;
      job.step[job.count] = step_of(code) * T::channel_unit;
      job.row[job.count++] = static_cast<std::uint8_t>(r);
    }
    return true;
  }

  bool take_wide(int& value) {
    if (raws_begin_ - from_.wides < 2) return false;
    value = static_cast<std::int16_t>(from_.wides[0] | from_.wides[1] << 8);
    from_.wides += 2;
    return true;
  }

  // ---- Symbols

  template <class Aside>
  bool read_run(std::uint8_t* symbols, std::size_t count, std::uint8_t symbol_class, Aside aside) {
    const auto table = rans::DecodeTable<T>::of(class_columns.column[symbol_class]);
    return stream_.take(rans::decode_run<T, sets>(symbols, count, table, states_, stream_.need(count), aside));
  }

  template <Motion motion>
  bool groups(Job& job, Job& before) {
    std::uint8_t* symbols = job.symbols;
    for (unsigned c = 0; c < chunks_; ++c) {
      const Chunk& chunk = job.tile.head->chunks[c];
      for (unsigned g = 0; g < 4; ++g, symbols += group_room) {
        if (g >= chunk.groups) continue;
        const auto aside = [&]() __attribute__((always_inline)) {
          if constexpr (T::has_many_registers) some_rows<motion>(before);
        };
        const unsigned width = chunk.width_of(g);
        if (!read_run(symbols, job.count * std::size_t{width}, chunk.group_class[g], aside)) return false;
        for (unsigned i = job.count; width < group_channels && i-- > 1;) {
          std::memmove(symbols + i * group_channels, symbols + i * std::size_t{width}, width);
        }
      }
    }
    return true;
  }

  // ---- Values

  /// Makes the rows that are left.
  bool finish(Job& job) {
    with_motion(job.predict.motion, [&](auto motion) { rows_left<motion>(job); });
    if (is_padded_) {
      for (unsigned i = 0; i < job.count; ++i) {
        std::memcpy(job.tile.rows + job.row[i] * job.tile.pitch, scratch_.rows + job.row[i] * padded_pitch(),
                    block_.dim * size_of(element));
      }
    }
    job.count = job.next = 0;
    return is_good_;
  }

  std::size_t padded_pitch() const { return padded_dim(block_.dim) * size_of(element); }

  /// What comes is corrupt: nothing more is read.
  void stop(Job& job) {
    is_good_ = false;
    job.next = job.count;
  }

  template <Motion motion>
  void rows_left(Job& job) {
    while (job.next < job.count) some_rows<motion>(job);
  }

  /// At most `sets` rows of a chunk; none where all are made.
  template <Motion motion>
  inline __attribute__((always_inline)) void some_rows(Job& job) {
    const unsigned left = job.count - job.next;
    if (left == 0) return;
    if (job.tile.tables[job.chunk].is_wide) {
      wide_row<motion>(job);
    } else if (left >= at_once) {
      rows<motion, at_once>(job);
    } else {
      rows<motion, 1>(job);
    }
    if (job.next == job.count) next_chunk(job);
  }

  void next_chunk(Job& job) {
    if (!is_good_ || ++job.chunk == chunks_) return;
    open_chunk(job);
  }

  void open_chunk(Job& job) {
    job.next = 0;
    for (unsigned i = 0; job.predict.turns() && i < 4; ++i) {
      job.at[i] = job.predict.place_of(job.chunk * chunk_channels + 16 * i);
    }
    const std::size_t lows = job.count * job.tile.tables[job.chunk].low_bytes(job.tile.head->chunks[job.chunk]);
    if (static_cast<std::size_t>(from_.stream - from_.lows) < lows) stop(job);
  }

  std::uint8_t* row_of(const Job& job, unsigned row) const {
    const std::size_t channel = job.chunk * std::size_t{chunk_channels} * size_of(element);
    return is_padded_ ? scratch_.rows + row * padded_pitch() + channel : job.tile.rows + row * job.tile.pitch + channel;
  }

  template <Motion motion, unsigned count>
  inline __attribute__((always_inline)) void rows(Job& job) {
    const ChunkTables<T>& tables = job.tile.tables[job.chunk];
    const unsigned i = job.next, channel = job.chunk * chunk_channels;
    const std::uint8_t* const symbols = job.symbols + job.chunk * 4 * group_room + i * group_channels;
    const Predictor<T> predict = job.predict;
    const std::uint8_t* escapes = from_.escapes;
    const std::uint8_t* lows = from_.lows;
    typename T::Channels value[count];
    std::uint64_t wides[count];
#pragma GCC unroll 4
    for (unsigned r = 0; r < count; ++r) {
      const std::uint8_t* const from = symbols + r * group_channels;
      const typename T::Bytes symbol =
          T::load_quarters(from, from + group_room, from + 2 * group_room, from + 3 * group_room);
      typename T::Bytes q = T::lookup(tables.value, symbol);
      typename T::Bytes bit = T::fill(1);
      for (unsigned b = 0; b < tables.low_bits; ++b) {
        std::uint64_t bits;
        std::memcpy(&bits, lows, sizeof bits);
        lows += tables.bytes_with[b];
        const typename T::Mask is_set = T::mask_of(bits << (16 * tables.first_with[b]));
        q = T::select(is_set, T::add(q, bit), q);
        bit = T::add(bit, bit);
      }
      const std::uint64_t escaped = T::bits_of(T::equal(symbol, T::fill(escape))) & tables.used;
      q = T::unpack_lanes(escapes, T::mask_of(escaped), q);
      escapes += T::count_bits(escaped);
      if (escapes > wides_begin_) return stop(job);
      wides[r] = !has_wides_ ? 0 : T::bits_of(T::equal(q, T::fill(static_cast<std::uint8_t>(wide_escape)))) & escaped;
      value[r] = T::channels_of(q, tables.order);
    }
    from_.escapes = escapes;
    from_.lows = lows;
#pragma GCC unroll 4
    for (unsigned part = 0; part < 4; ++part) {
#pragma GCC unroll 4
      for (unsigned r = 0; r < count; ++r) {
        const typename T::Floats predicted = predict.template part<motion>(part, channel, job.at, job.row[i + r]);
        value[r].part[part] = T::exact_product_add(value[r].part[part], T::fill_floats(job.step[i + r]), predicted);
      }
    }
#pragma GCC unroll 4
    for (unsigned r = 0; r < count; ++r) {
      store<T, element>(row_of(job, job.row[i + r]), value[r]);
      if (wides[r] != 0 && !put_wides<motion>(job, wides[r], i + r)) return stop(job);
    }
    job.next = i + count;
  }

  /// Values beyond a byte: times the step they are not exact, so the product is rounded, then the sum.
  template <Motion motion>
  __attribute__((noinline)) bool put_wides(const Job& job, std::uint64_t wides, unsigned i) {
    float value[chunk_channels];
    predictions<motion>(job, i, value);
    for (unsigned lane = 0; lane < chunk_channels; ++lane) {
      if ((wides >> lane & 1) == 0) continue;
      int q = 0;
      if (!take_wide(q)) return false;
      put(job, i, value, job.tile.head->chunks[job.chunk].channel_of_lane[lane], q);
    }
    return true;
  }

  template <Motion motion>
  void predictions(const Job& job, unsigned i, float* to) const {
    for (unsigned part = 0; part < 4; ++part) {
      T::store_floats(to + std::size_t{16} * part,
                      job.predict.template part<motion>(part, job.chunk * chunk_channels, job.at, job.row[i]));
    }
  }

  void put(const Job& job, unsigned i, const float* predicted, unsigned channel, int q) const {
    const float product = static_cast<float>(q) * (job.step[i] / T::channel_unit);
    float value[16] = {predicted[channel] + product};
    std::uint8_t stored[64];
    store<T, element>(stored, T::load_floats(value));
    std::memcpy(row_of(job, job.row[i]) + channel * size_of(element), stored, size_of(element));
  }

  /// A row of a chunk with values beyond a byte: one at a time.
  template <Motion motion>
  __attribute__((noinline)) void wide_row(Job& job) {
    const unsigned i = job.next;
    const Chunk& chunk = job.tile.head->chunks[job.chunk];
    float value[chunk_channels];
    predictions<motion>(job, i, value);
    for (unsigned g = 0; g < chunk.groups; ++g) {
      const std::uint8_t* const symbols = job.symbols + (job.chunk * 4 + g) * group_room + i * group_channels;
      const SigmaClass& of = classes[chunk.group_class[g]];
      std::uint16_t lows[most_low_bits + 1];
      std::memcpy(lows, from_.lows, std::size_t{2} * of.low_bits);
      from_.lows += std::size_t{2} * of.low_bits;
      for (unsigned j = 0; j < chunk.width_of(g); ++j) {
        int q = (symbols[j] - 7) * (1 << of.low_bits);
        for (unsigned b = 0; b < of.low_bits; ++b) q += (lows[b] >> j & 1) << b;
        if (symbols[j] == escape && !take_wide(q)) return stop(job);
        put(job, i, value, chunk.channel_of_lane[16 * g + j], q);
      }
    }
    ++job.next;
  }

  const Block& block_;
  Stored from_;  // moves forward; each part ends where the next begins
  const std::uint8_t* const wides_begin_ = from_.wides;
  const std::uint8_t* const raws_begin_ = from_.raws;
  const std::uint8_t* const lows_begin_ = from_.lows;
  const bool has_wides_ =
      wides_begin_ != raws_begin_ ||
      std::memchr(from_.escapes, wide_escape, static_cast<std::size_t>(wides_begin_ - from_.escapes)) != nullptr;
  const unsigned chunks_;
  const bool is_padded_ = block_.dim % chunk_channels != 0;
  const Scratch<T> scratch_;
  rans::BackwardBytes<tile_rows * group_channels> stream_;
  rans::States<T, sets> states_;
  rotary::TileWaves tile_waves_;
  bool is_good_ = true;
  bool turn_ = false;  // which job is next
  Job jobs_[2];
};

}  // namespace cinch::quant
