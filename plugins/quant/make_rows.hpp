/// The second half of decoding: symbols become rows, a chunk of a tile of one head after the other.
#pragma once

#include "plugins/quant/decode_job.hpp"

namespace cinch::quant {

/// Makes `at_once` rows or one at a time, so that its owner can do something else in between; on targets with few
/// registers, all rows of a chunk at once.
template <class T, Element element, unsigned at_once>
class RowMaker {
 public:
  using Job = DecodeJob<T>;

  RowMaker(const Block& block, const Stored& from, const Scratch<T>& scratch)
      : dim_(block.dim), padded_rows_(scratch.rows), parts_(from) {}

  PartReader& parts() { return parts_; }
  bool is_good() const { return is_good_; }

  /// Starts with the chunk that `job` is at.
  void open_chunk(Job& job) {
    job.next = 0;
    for (unsigned i = 0; job.predict.turns() && i < 4; ++i) {
      job.at[i] = job.predict.place_of(job.chunk * chunk_channels + 16 * i);
    }
    const std::size_t lows = job.count * job.tile.tables[job.chunk].low_bytes(job.tile.head->chunks[job.chunk]);
    if (static_cast<std::size_t>(parts_.at.stream - parts_.at.lows) < lows) stop(job);
  }

  /// Does nothing if all are made. Requires: `motion` is the job's.
  template <Motion motion>
  CINCH_ALWAYS_INLINE void some_rows(Job& job) {
    const unsigned left = job.count - job.next;
    if (left == 0) return;
    if (job.tile.tables[job.chunk].is_wide) {
      wide_row(job);
    } else if (at_once > 1 && left >= at_once) {
      rows<motion, at_once>(job);
    } else {
      rows<motion, 1>(job);
    }
    if (job.next == job.count) next_chunk(job);
  }

  /// Makes all that are left. Returns false if the block is corrupt.
  bool finish(Job& job) {
    with_motion(job.predict.motion, [&](auto motion) { rows_left<motion>(job); });
    if (is_padded_) {
      for (unsigned i = 0; i < job.count; ++i) {
        std::memcpy(job.tile.rows + job.row[i] * job.tile.pitch, padded_rows_ + job.row[i] * padded_pitch(),
                    dim_ * size_of(element));
      }
    }
    job.count = job.next = 0;
    return is_good_;
  }

 private:
  static constexpr std::size_t group_room = Scratch<T>::group_room;
  static constexpr bool all_at_once = !T::has_many_registers;

  std::size_t padded_pitch() const { return padded_dim(dim_) * size_of(element); }

  /// Where the open chunk's rows go.
  struct Rows {
    std::uint8_t* first;
    std::size_t pitch;
  };
  Rows rows_of(const Job& job) const {
    const std::size_t channel = job.chunk * std::size_t{chunk_channels} * size_of(element);
    if (is_padded_) return {padded_rows_ + channel, padded_pitch()};
    return {job.tile.rows + channel, job.tile.pitch};
  }

  /// The block is corrupt: no more of it is read.
  void stop(Job& job) {
    is_good_ = false;
    job.next = job.count;
  }

  void next_chunk(Job& job) {
    if (is_good_ && ++job.chunk < chunks_of(dim_)) open_chunk(job);
  }

  template <Motion motion>
  void rows_left(Job& job) {
    while (job.next < job.count) some_rows<motion>(job);
  }

  /// How far escapes and low bits have been read.
  struct Ends {
    const std::uint8_t* escapes;
    const std::uint8_t* lows;
  };

  /// What the symbols of a row stand for, lane by lane, and which of them are wide escapes. Returns false if they
  /// are corrupt.
  CINCH_ALWAYS_INLINE bool read_row(const ChunkTables<T>& tables, const std::uint8_t* symbols,
                                    const std::uint8_t* last_escape, bool has_wides, Ends& ends, typename T::Bytes& q,
                                    std::uint64_t& wides) {
    const typename T::Bytes symbol =
        T::load_quarters(symbols, symbols + group_room, symbols + 2 * group_room, symbols + 3 * group_room);
    q = T::lookup(tables.value, symbol);
    typename T::Bytes bit = T::fill(1);
    for (unsigned b = 0; b < tables.low_bits; ++b) {
      std::uint64_t bits;
      std::memcpy(&bits, ends.lows, sizeof bits);
      ends.lows += tables.bytes_with[b];
      q = T::add_where(T::mask_of(bits << (16 * tables.first_with[b])), q, bit);
      bit = T::add(bit, bit);
    }
    const std::uint64_t escaped = T::bits_of(T::equal(symbol, tables.escape_symbol));
    wides = 0;
    // Where rows overlap, a mispredicted branch costs more than unpacking nothing.
    if (!T::has_many_registers && escaped == 0) return true;
    q = T::unpack_lanes(ends.escapes, escaped, q);
    ends.escapes += T::count_bits(escaped);
    if (has_wides) wides = T::bits_of(T::equal(q, T::fill(static_cast<std::uint8_t>(wide_escape)))) & escaped;
    return ends.escapes <= last_escape;
  }

  /// Makes `count` rows at once, and with `all_at_once` goes on to the last.
  template <Motion motion, unsigned count>
  CINCH_ALWAYS_INLINE void rows(Job& job) {
    const ChunkTables<T>& tables = job.tile.tables[job.chunk];
    const unsigned channel = job.chunk * chunk_channels, end = job.count;
    const std::uint8_t* const symbols = job.symbols + job.chunk * 4 * group_room;
    // Copies, which no store to bytes can change.
    const Predictor<T> predict = job.predict;
    const std::uint32_t at[4] = {job.at[0], job.at[1], job.at[2], job.at[3]};
    const Rows to = rows_of(job);
    const std::uint8_t* const last_escape = parts_.wides_begin;
    const bool has_wides = parts_.has_wides;
    Ends ends{parts_.at.escapes, parts_.at.lows};
    unsigned i = job.next;
    do {
      typename T::Bytes q[count];
      std::uint64_t wides[count];
#pragma GCC unroll 4
      for (unsigned r = 0; r < count; ++r) {
        const std::uint8_t* const from = symbols + (i + r) * std::size_t{group_channels};
        if (!read_row(tables, from, last_escape, has_wides, ends, q[r], wides[r])) return stop(job);
        q[r] = T::unarrange(q[r], tables.order);
      }
      typename T::Channels value[count];
      const auto make_part = [&]<unsigned part>() __attribute__((always_inline)) {
#pragma GCC unroll 4
        for (unsigned r = 0; r < count; ++r) {
          const typename T::Floats predicted = predict.template part<motion>(part, channel, at, job.row[i + r]);
          value[r].part[part] = T::exact_product_add(T::template floats_of<part>(q[r], tables.order),
                                                     T::fill_floats(job.step[i + r]), predicted);
        }
      };
      // Parts that share waves follow each other: 0 2 1 3 where it is folded.
      constexpr unsigned second = motion == Motion::folded ? 2 : 1;
      make_part.template operator()<0>();
      make_part.template operator()<second>();
      make_part.template operator()<3 - second>();
      make_part.template operator()<3>();
#pragma GCC unroll 4
      for (unsigned r = 0; r < count; ++r) {
        store<T, element>(to.first + job.row[i + r] * to.pitch, value[r]);
        if (wides[r] != 0 && !put_wides(job, wides[r], i + r)) return stop(job);
      }
      i += count;
    } while (all_at_once && i + count <= end);
    parts_.at.escapes = ends.escapes;
    parts_.at.lows = ends.lows;
    job.next = i;
  }

  /// Values beyond a byte: their product with the step is not exact, so it is rounded, and then the sum.
  __attribute__((noinline)) bool put_wides(const Job& job, std::uint64_t wides, unsigned i) {
    float value[chunk_channels];
    job.predictions(i, value);
    for (unsigned lane = 0; lane < chunk_channels; ++lane) {
      if ((wides >> lane & 1) == 0) continue;
      int q = 0;
      if (!parts_.take_wide(q)) return false;
      put(job, i, value, job.tile.head->chunks[job.chunk].channel_of_lane[lane], q);
    }
    return true;
  }

  void put(const Job& job, unsigned i, const float* predicted, unsigned channel, int q) const {
    const float product = static_cast<float>(q) * (job.step[i] / T::channel_unit);
    float value[16] = {predicted[channel] + product};
    std::uint8_t stored[64];
    store<T, element>(stored, T::load_floats(value));
    const Rows rows = rows_of(job);
    std::memcpy(rows.first + job.row[i] * rows.pitch + channel * size_of(element), stored, size_of(element));
  }

  /// A row of a chunk with values beyond a byte: one at a time.
  __attribute__((noinline)) void wide_row(Job& job) {
    const unsigned i = job.next;
    const Chunk& chunk = job.tile.head->chunks[job.chunk];
    float value[chunk_channels];
    job.predictions(i, value);
    for (unsigned g = 0; g < chunk.groups; ++g) {
      const std::uint8_t* const symbols = job.symbols + (job.chunk * 4 + g) * group_room + i * group_channels;
      const SigmaClass& of = classes[chunk.group_class[g]];
      std::uint16_t lows[max_low_bits + 1];
      std::memcpy(lows, parts_.at.lows, std::size_t{2} * of.low_bits);
      parts_.at.lows += std::size_t{2} * of.low_bits;
      for (unsigned j = 0; j < chunk.width_of(g); ++j) {
        int q = (symbols[j] - 7) * (1 << of.low_bits);
        for (unsigned b = 0; b < of.low_bits; ++b) q += (lows[b] >> j & 1) << b;
        if (symbols[j] == escape && !parts_.take_wide(q)) return stop(job);
        put(job, i, value, chunk.channel_of_lane[16 * g + j], q);
      }
    }
    ++job.next;
  }

  const std::uint32_t dim_;
  const bool is_padded_ = dim_ % chunk_channels != 0;
  std::uint8_t* const padded_rows_;
  PartReader parts_;
  bool is_good_ = true;
};

}  // namespace cinch::quant
