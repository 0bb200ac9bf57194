/// The vector operations in plain C++: the reference for the other targets, and the fallback on processors that have
/// neither.
///
/// Each operation is specified by its comment here. Lane i of `Words` corresponds to lane i of `Bytes`.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "plugins/simd/small_float.hpp"
#include "plugins/simd/target.hpp"

namespace cinch::simd {

struct Scalar {
  static constexpr Target target = Target::scalar;
  static constexpr bool has_many_registers = false;  ///< Enough to work on two things at once.

  struct Bytes {
    std::uint8_t lane[64];
  };
  struct Words {
    std::uint16_t lane[64];
  };
  using Split = Words;  ///< Words while a coder changes them, in whatever form suits that.
  struct Floats {
    float lane[16];
  };

  // ---- Tables, prepared once for many lookups.
  struct ByteTable {  ///< 16 bytes.
    std::uint8_t entry[16];
  };
  struct WordTable {  ///< 16 words.
    std::uint16_t entry[16];
  };
  struct WideTable {  ///< 128 bytes.
    std::uint8_t entry[128];
  };
  struct HalfTable {  ///< 64 bytes.
    std::uint8_t entry[64];
  };
  struct SlotTable {  ///< Which of 16 symbols owns each of 128 slots.
    std::uint8_t symbol[128];
  };
  struct QuarterTable {  ///< 16 bytes for each quarter of 16 lanes.
    std::uint8_t entry[64];
  };
  struct Order {                  ///< Which lane goes where; see `order_of`.
    std::uint8_t lane_of[64];     // of a channel
    std::uint8_t channel_of[64];  // of a lane
  };
  struct Shift {  ///< How far the bytes of each quarter are shifted.
    std::uint8_t bits[4];
  };
  struct Mask {  ///< Lanes of bytes; a target's own form of 64 bits.
    std::uint64_t bits;
  };
  struct Channels {  ///< 64 floats.
    Floats part[4];
  };

  static ByteTable byte_table(const std::uint8_t* entries) {
    ByteTable made;
    std::memcpy(made.entry, entries, sizeof made.entry);
    return made;
  }
  static WordTable word_table(const std::uint16_t* entries) {
    WordTable made;
    std::memcpy(made.entry, entries, sizeof made.entry);
    return made;
  }
  static WideTable wide_table(const std::uint8_t* entries) {
    WideTable made;
    std::memcpy(made.entry, entries, sizeof made.entry);
    return made;
  }
  static HalfTable half_table(const std::uint8_t* entries) {
    HalfTable made;
    std::memcpy(made.entry, entries, sizeof made.entry);
    return made;
  }
  /// `symbols` of all 128 slots in order, and the first slot of each of 16 symbols (128: it owns none, and none after
  /// it).
  static SlotTable slot_table(const std::uint8_t* symbols, const std::uint8_t* starts) {
    (void)starts;
    SlotTable made;
    std::memcpy(made.symbol, symbols, sizeof made.symbol);
    return made;
  }
  static QuarterTable quarter_table(const std::uint8_t* entries) {
    QuarterTable made;
    std::memcpy(made.entry, entries, sizeof made.entry);
    return made;
  }
  /// The order that brings channel `channels[i]` to lane i and back. `channels` is a permutation of 0 to 63.
  static Order order_of(const std::uint8_t* channels) {
    Order made;
    for (std::uint8_t lane = 0; lane < 64; ++lane) {
      made.channel_of[lane] = channels[lane];
      made.lane_of[channels[lane]] = lane;
    }
    return made;
  }
  /// At most 7 bits in each quarter.
  static Shift shift_of(const std::uint8_t* bits) { return {{bits[0], bits[1], bits[2], bits[3]}}; }

  // ---- Bytes
  static Bytes load(const std::uint8_t* from) {
    Bytes made;
    std::memcpy(made.lane, from, sizeof made.lane);
    return made;
  }
  static void store(std::uint8_t* to, const Bytes& a) { std::memcpy(to, a.lane, sizeof a.lane); }
  static Bytes fill(std::uint8_t value) {
    Bytes made;
    std::memset(made.lane, value, sizeof made.lane);
    return made;
  }
  static Bytes add(const Bytes& a, const Bytes& b) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] + b.lane[i]; });
  }
  static Bytes sub(const Bytes& a, const Bytes& b) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] - b.lane[i]; });
  }
  /// Requires: every index is below 16 (128 for the wide table).
  static Bytes lookup(const ByteTable& table, const Bytes& index) {
    return each<Bytes>([&](unsigned i) { return table.entry[index.lane[i] & 15]; });
  }
  static Words lookup(const WordTable& table, const Bytes& index) {
    return each<Words>([&](unsigned i) { return table.entry[index.lane[i] & 15]; });
  }
  static Bytes lookup(const WideTable& table, const Bytes& index) {
    return each<Bytes>([&](unsigned i) { return table.entry[index.lane[i] & 127]; });
  }
  /// By the low six bits of every lane.
  static Bytes lookup(const HalfTable& table, const Bytes& index) {
    return each<Bytes>([&](unsigned i) { return table.entry[index.lane[i] & 63]; });
  }
  /// The symbols that own the states' slots; see `slots_of`.
  static Bytes symbols_of(const SlotTable& table, const Split& states) {
    return each<Bytes>([&](unsigned i) { return table.symbol[states.lane[i] & 127]; });
  }

  static Bytes lookup(const QuarterTable& table, const Bytes& index) {
    return each<Bytes>([&](unsigned i) { return table.entry[(i & ~15u) + (index.lane[i] & 15)]; });
  }
  static Bytes shift_right(const Bytes& a, const Shift& shift) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] >> shift.bits[i / 16]; });
  }
  /// The entry for every lane. Requires: lanes whose result matters are below 16.
  static void lookup(const float (&table)[16], const Bytes& index, float* to) {
    for (unsigned i = 0; i < 64; ++i) to[i] = table[index.lane[i] & 15];
  }
  /// Four times 16 bytes.
  static Bytes load_quarters(const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* c,
                             const std::uint8_t* d) {
    Bytes made;
    std::memcpy(made.lane, a, 16);
    std::memcpy(made.lane + 16, b, 16);
    std::memcpy(made.lane + 32, c, 16);
    std::memcpy(made.lane + 48, d, 16);
    return made;
  }
  template <unsigned quarter>
  static void store_quarter(std::uint8_t* to, const Bytes& bytes) {
    std::memcpy(to, bytes.lane + std::size_t{16} * quarter, 16);
  }

  // ---- Masks of bytes
  static Mask mask_of(std::uint64_t bits) { return {bits}; }
  static std::uint64_t bits_of(Mask mask) { return mask.bits; }
  static Mask above(const Bytes& a, const Bytes& b) {  ///< As unsigned numbers.
    return where([&](unsigned i) { return a.lane[i] > b.lane[i]; });
  }
  static Mask equal(const Bytes& a, const Bytes& b) {
    return where([&](unsigned i) { return a.lane[i] == b.lane[i]; });
  }
  static Mask with_bit(const Bytes& a, unsigned bit) {
    return where([&](unsigned i) { return (a.lane[i] >> bit & 1) != 0; });
  }
  static Bytes select(Mask mask, const Bytes& a, const Bytes& b) {
    return each<Bytes>([&](unsigned i) { return (mask.bits >> i & 1) != 0 ? a.lane[i] : b.lane[i]; });
  }
  static Bytes add_where(Mask mask, const Bytes& a, const Bytes& b) { return select(mask, add(a, b), a); }
  /// Writes the lanes in `mask` one after another, in order; may write 64 bytes in all. Returns their end.
  static std::uint8_t* pack_lanes(std::uint8_t* to, Mask mask, const Bytes& bytes) {
    for (unsigned i = 0; i < 64; ++i) {
      if ((mask.bits >> i & 1) != 0) *to++ = bytes.lane[i];
    }
    return to;
  }
  /// The lanes in `lanes` from consecutive bytes, the others from `rest`. Reads up to 64 bytes.
  static Bytes unpack_lanes(const std::uint8_t* from, std::uint64_t lanes, const Bytes& rest) {
    return each<Bytes>([&](unsigned i) { return (lanes >> i & 1) != 0 ? *from++ : rest.lane[i]; });
  }

  // ---- Words
  static Words load_words(const std::uint16_t* from) {
    Words made;
    std::memcpy(made.lane, from, sizeof made.lane);
    return made;
  }
  static void store_words(std::uint16_t* to, const Words& a) { std::memcpy(to, a.lane, sizeof a.lane); }
  static Words fill_words(std::uint16_t value) {
    return each<Words>([&](unsigned) { return value; });
  }
  static Words widen(const Bytes& a) {
    return each<Words>([&](unsigned i) { return a.lane[i]; });
  }
  /// Lane i of `low` and lane i of `high` make word i.
  static Words join(const Bytes& low, const Bytes& high) {
    return each<Words>([&](unsigned i) { return low.lane[i] | high.lane[i] << 8; });
  }
  /// The first `count` lanes of `a`, the others of `b`.
  static Words first(unsigned count, const Words& a, const Words& b) {
    return each<Words>([&](unsigned i) { return i < count ? a.lane[i] : b.lane[i]; });
  }

  // ---- Steps of the coder of plugins/rans on 64 states at once
  static Split split(const Words& words) { return words; }
  static Words words_of(const Split& states) { return states; }
  /// The low seven bits of every state.
  static Bytes slots_of(const Split& states) {
    return each<Bytes>([&](unsigned i) { return states.lane[i] & 127; });
  }
  /// (state >> 7) * frequency + offset.
  static Split shrink(const Split& states, const Bytes& frequencies, const Bytes& offsets) {
    return each<Words>([&](unsigned i) { return (states.lane[i] >> 7) * frequencies.lane[i] + offsets.lane[i]; });
  }
  /// (state / frequency) * 128 + state % frequency + start; `reciprocals` are 65536 / frequency, rounded down, at most
  /// 65535. Requires: frequencies are 1 to 127.
  static Words grow(const Words& states, const Words& frequencies, const Words& starts, const Words& reciprocals) {
    (void)reciprocals;
    return each<Words>([&](unsigned i) {
      const unsigned state = states.lane[i], frequency = frequencies.lane[i];
      return state / frequency * 128 + state % frequency + starts.lane[i];
    });
  }
  /// Every state of 512 * frequency or more gives away its low byte; these bytes go to `to`, in order of the lanes.
  /// Writes up to 64 bytes, of which those behind the new `to` mean nothing. Requires: frequencies are 1 to 127.
  static Words drain(const Words& states, const Words& frequencies, std::uint8_t*& to) {
    return each<Words>([&](unsigned i) -> unsigned {
      if (states.lane[i] < 512u * frequencies.lane[i]) return states.lane[i];
      *to++ = static_cast<std::uint8_t>(states.lane[i]);
      return states.lane[i] >> 8;
    });
  }
  /// Every state below 256 takes a byte back; `from` moves down by their number, and they lie there in order of the
  /// lanes. Reads up to 64 bytes from the new `from`.
  static Split refill(const Split& states, const std::uint8_t*& from) {
    unsigned taken = 0;
    for (const std::uint16_t state : states.lane) taken += state < 256;
    from -= taken;
    const std::uint8_t* next = from;
    return each<Words>([&](unsigned i) -> unsigned {
      return states.lane[i] < 256 ? static_cast<unsigned>(states.lane[i] << 8 | *next++) : states.lane[i];
    });
  }

  // ---- Bytes as bits, and masks: bit i of a mask is lane i.
  /// Whether lookups in tables of 64 and 128 bytes replace gathering. Other targets need not have those lookups.
  static constexpr bool has_wide_lookup = false;

  static Bytes both(const Bytes& a, const Bytes& b) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] & b.lane[i]; });
  }
  static Bytes either(const Bytes& a, const Bytes& b) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] | b.lane[i]; });
  }
  static Bytes differ(const Bytes& a, const Bytes& b) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] ^ b.lane[i]; });
  }
  template <int bits>
  static Bytes shift_left(const Bytes& a) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] << bits; });
  }
  template <int bits>
  static Bytes shift_right(const Bytes& a) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] >> bits; });
  }
  /// a - b, or 0 where b is larger.
  static Bytes sub_to_zero(const Bytes& a, const Bytes& b) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] > b.lane[i] ? a.lane[i] - b.lane[i] : 0; });
  }
  /// a + b, or 255 where that is more.
  static Bytes add_to_most(const Bytes& a, const Bytes& b) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] + b.lane[i] < 255 ? a.lane[i] + b.lane[i] : 255; });
  }
  static Bytes smaller(const Bytes& a, const Bytes& b) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  /// Of signed bytes; that of -128 is 128.
  static Bytes absolute(const Bytes& a) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] & 128 ? 256 - a.lane[i] : a.lane[i]; });
  }
  /// One bit of every lane.
  template <int bit>
  static std::uint64_t bits(const Bytes& a) {
    return where([&](unsigned i) { return (a.lane[i] >> bit & 1) != 0; }).bits;
  }
  /// `value` in the lanes of the mask, 0 elsewhere.
  static Bytes spread(std::uint64_t mask, std::uint8_t value) {
    return each<Bytes>([&](unsigned i) { return mask >> i & 1 ? value : 0; });
  }
  /// The bits of `bits` where `mask` has ones, moved together at the low end; and back.
  static std::uint64_t pick_bits(std::uint64_t bits, std::uint64_t mask) {
    std::uint64_t picked = 0;
    for (unsigned n = 0; mask != 0; mask &= mask - 1, ++n) picked |= (bits >> std::countr_zero(mask) & 1) << n;
    return picked;
  }
  static std::uint64_t place_bits(std::uint64_t bits, std::uint64_t mask) {
    std::uint64_t placed = 0;
    for (; mask != 0; mask &= mask - 1, bits >>= 1) placed |= (bits & 1) << std::countr_zero(mask);
    return placed;
  }
  static unsigned count_bits(std::uint64_t bits) { return static_cast<unsigned>(std::popcount(bits)); }
  /// Lanes of six bits into 48 bytes, the first lane lowest; and back, which reads up to 64 bytes.
  static void pack_sixes(const Bytes& a, std::uint8_t* to) {
    for (unsigned i = 0; i < 64; i += 4, to += 3) {
      const unsigned four =
          a.lane[i] | unsigned{a.lane[i + 1]} << 6 | unsigned{a.lane[i + 2]} << 12 | unsigned{a.lane[i + 3]} << 18;
      std::memcpy(to, &four, 3);
    }
  }
  static Bytes unpack_sixes(const std::uint8_t* from) {
    return each<Bytes>([&](unsigned i) {
      unsigned four = 0;
      std::memcpy(&four, from + i / 4 * 3, 3);
      return four >> (6 * (i % 4)) & 63;
    });
  }
  /// 64 words in memory as their low and high bytes; and back.
  static void load_apart(const std::uint8_t* from, Bytes& low, Bytes& high) {
    low = each<Bytes>([&](unsigned i) { return from[2 * i]; });
    high = each<Bytes>([&](unsigned i) { return from[2 * i + 1]; });
  }
  static void store_together(std::uint8_t* to, const Bytes& low, const Bytes& high) {
    for (unsigned i = 0; i < 64; ++i) {
      to[2 * i] = low.lane[i];
      to[2 * i + 1] = high.lane[i];
    }
  }
  /// 64 words: (above + 2 * octave) << 6 | low, and the top bit of `sign`. Requires: `low` is below 64.
  static void store_bf16_of(std::uint8_t* to, const Bytes& sign, const Bytes& octave, const Bytes& above,
                            const Bytes& low) {
    for (unsigned i = 0; i < 64; ++i) {
      const unsigned halves = above.lane[i] + 2u * octave.lane[i];
      const auto word = static_cast<std::uint16_t>(halves << 6 | low.lane[i] | (sign.lane[i] & 0x80u) << 8);
      std::memcpy(to + 2 * i, &word, 2);
    }
  }
  static Bytes low_bytes_of(const Words& a) {
    return each<Bytes>([&](unsigned i) { return a.lane[i]; });
  }
  static Bytes high_bytes_of(const Words& a) {
    return each<Bytes>([&](unsigned i) { return a.lane[i] >> 8; });
  }
  /// The four bytes of the entries of index `low` + 256 * `high`.
  struct Quads {
    Bytes byte[4];
  };
  static Quads lookup(const std::uint32_t* table, const Bytes& low, const Bytes& high) {
    Quads quads;
    for (unsigned i = 0; i < 64; ++i) {
      const std::uint32_t entry = table[low.lane[i] | high.lane[i] << 8];
      for (unsigned b = 0; b < 4; ++b) quads.byte[b].lane[i] = static_cast<std::uint8_t>(entry >> (8 * b));
    }
    return quads;
  }
  /// Of 64 signed words each: a * c + b * s, both products divided by 2^15 and rounded, their sum divided by 64
  /// and rounded; within -128 and 127. Requires: the sum and 32 fit a word.
  static Bytes turned(const std::int16_t* a, const std::int16_t* c, const std::int16_t* b, const std::int16_t* s) {
    return each<Bytes>([&](unsigned i) {
      const int sum = ((a[i] * c[i] + 0x4000) >> 15) + ((b[i] * s[i] + 0x4000) >> 15);
      const int size = (sum + 32) >> 6;
      return size < -128 ? -128 : size > 127 ? 127 : size;
    });
  }

  // ---- Floats
  static Floats load_floats(const float* from) {
    Floats made;
    std::memcpy(made.lane, from, sizeof made.lane);
    return made;
  }
  static void store_floats(float* to, const Floats& a) { std::memcpy(to, a.lane, sizeof a.lane); }
  /// Data that is read often lies in memory as registers hold it, in `register_order`: these two rearrange nothing.
  static constexpr RegisterOrder register_order = ascending;
  static Floats load_as_held(const float* from) { return load_floats(from); }
  static void store_as_held(float* to, const Floats& a) { store_floats(to, a); }
  static Floats fill_floats(float value) {
    return each<Floats>([&](unsigned) { return value; });
  }
  static Floats add(const Floats& a, const Floats& b) {
    return each<Floats>([&](unsigned i) { return a.lane[i] + b.lane[i]; });
  }
  static Floats sub(const Floats& a, const Floats& b) {
    return each<Floats>([&](unsigned i) { return a.lane[i] - b.lane[i]; });
  }
  static Floats mul(const Floats& a, const Floats& b) {
    return each<Floats>([&](unsigned i) { return a.lane[i] * b.lane[i]; });
  }
  /// a * b + c, rounded once. Requires: a * b is exact in a float, so that a fused operation gives the same.
  static Floats exact_product_add(const Floats& a, const Floats& b, const Floats& c) {
    return each<Floats>([&](unsigned i) { return a.lane[i] * b.lane[i] + c.lane[i]; });
  }
  static Floats exact_product_sub(const Floats& a, const Floats& b, const Floats& c) {
    return each<Floats>([&](unsigned i) { return a.lane[i] * b.lane[i] - c.lane[i]; });
  }
  /// a * b + c, rounded once, even if the product is not exact. If it is, `exact_product_add` costs less here.
  static Floats fused_product_add(const Floats& a, const Floats& b, const Floats& c) {
    return each<Floats>([&](unsigned i) { return fused(a.lane[i], b.lane[i], c.lane[i]); });
  }
  /// To `bits` significant bits; halves away from zero.
  template <int bits>
  static Floats round_to_bits(const Floats& a) {
    return each<Floats>([&](unsigned i) {
      const std::uint32_t raw = std::bit_cast<std::uint32_t>(a.lane[i]) + (1u << (23 - bits));
      return std::bit_cast<float>(raw & ~((1u << (24 - bits)) - 1));
    });
  }
  /// Lanes i and i + 8 first, then i + 4, i + 2, i + 1: a sum depends on its order.
  static float sum(const Floats& a) {
    float lane[16];
    std::memcpy(lane, a.lane, sizeof lane);
    for (unsigned half = 8; half > 0; half /= 2) {
      for (unsigned i = 0; i < half; ++i) lane[i] += lane[i + half];
    }
    return lane[0];
  }
  /// The sums of 16 vectors.
  static Floats sums(const Floats (&a)[16]) {
    return each<Floats>([&](unsigned i) { return sum(a[i]); });
  }
  static float greatest(const Floats& a) {
    float found = a.lane[0];
    for (const float lane : a.lane) found = lane > found ? lane : found;
    return found;
  }
  static Floats absolute(const Floats& a) {
    return each<Floats>([&](unsigned i) { return a.lane[i] < 0 ? -a.lane[i] : a.lane[i]; });
  }
  static Floats max(const Floats& a, const Floats& b) {  ///< `b` if either is NaN.
    return each<Floats>([&](unsigned i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static Floats load_bf16(const std::uint8_t* from) {
    return each<Floats>([&](unsigned i) {
      return std::bit_cast<float>(static_cast<std::uint32_t>(from[2 * i] << 16 | from[2 * i + 1] << 24));
    });
  }
  static void load_bf16(const std::uint8_t* from, Channels& to) {
    for (unsigned i = 0; i < 4; ++i) to.part[i] = load_bf16(from + std::size_t{32} * i);
  }
  /// Rounds to the nearest, halves away from zero. Requires: finite, and at most 3.38e38.
  static void store_bf16(std::uint8_t* to, const Floats& a) {
    for (unsigned i = 0; i < 16; ++i) {
      const std::uint32_t rounded = std::bit_cast<std::uint32_t>(a.lane[i]) + 0x8000;
      to[2 * i] = static_cast<std::uint8_t>(rounded >> 16);
      to[2 * i + 1] = static_cast<std::uint8_t>(rounded >> 24);
    }
  }
  static void store_bf16(std::uint8_t* to, const Channels& a) {
    for (unsigned i = 0; i < 4; ++i) store_bf16(to + std::size_t{32} * i, a.part[i]);
  }
  static Floats load_f16(const std::uint8_t* from) {
    return each<Floats>(
        [&](unsigned i) { return Half::decode(static_cast<std::uint32_t>(from[2 * i] | from[2 * i + 1] << 8)); });
  }
  /// Rounds to the nearest, halves to even. Requires: at most 65504.
  static void store_f16(std::uint8_t* to, const Floats& a) {
    for (unsigned i = 0; i < 16; ++i) {
      const std::uint32_t half = Half::encode(a.lane[i]);
      to[2 * i] = static_cast<std::uint8_t>(half);
      to[2 * i + 1] = static_cast<std::uint8_t>(half >> 8);
    }
  }
  /// Floats of 8 bits, of the type `Small`. NaN becomes some NaN.
  template <class Small>
  static Floats load_f8(const std::uint8_t* from) {
    return each<Floats>([&](unsigned i) { return values_of_byte<Small>.lane[from[i]]; });
  }
  /// Rounds to the nearest, halves to even; larger values become the largest. Requires: finite.
  template <class Small>
  static void store_f8(std::uint8_t* to, const Floats& a) {
    for (unsigned i = 0; i < 16; ++i) to[i] = static_cast<std::uint8_t>(Small::encode(a.lane[i]));
  }
  /// The nearest integers, halves to even, of channels 0 to 63; -128 and 127 also stand for all beyond. In an order of
  /// the target's own, which `arrange` knows. Requires: below 2^22.
  static Bytes round_to_bytes(const Channels& a) {
    return each<Bytes>([&](unsigned i) {
      const int nearest = round_to_int(a.part[i / 16].lane[i % 16]);
      return nearest < -128 ? -128 : nearest > 127 ? 127 : nearest;
    });
  }
  /// From what `round_to_bytes` gave to lanes.
  static Bytes arrange(const Bytes& rounded, const Order& order) {
    return each<Bytes>([&](unsigned i) { return rounded.lane[order.channel_of[i]]; });
  }
  /// From lanes to what `floats_of` takes: bytes of channels, in an order of the target's own.
  static Bytes unarrange(const Bytes& lanes, const Order& order) {
    return each<Bytes>([&](unsigned c) { return lanes.lane[order.lane_of[c]]; });
  }
  /// One of the four parts of channels 0 to 63: signed numbers times `1 / channel_unit`, a power of two.
  static constexpr float channel_unit = 1;
  template <unsigned part>
  static Floats floats_of(const Bytes& moved, const Order&) {
    return each<Floats>(
        [&](unsigned i) { return static_cast<float>(static_cast<std::int8_t>(moved.lane[16 * part + i])); });
  }

 private:
  /// std::fma would call libm. In doubles the product is exact, and an inexact sum is rounded to an odd last bit (S.
  /// Boldo and G. Melquiond, "Emulation of a FMA and correctly-rounded sums", 2008), so that rounding it again is
  /// harmless.
  static float fused(float a, float b, float c) {
    const double product = static_cast<double>(a) * static_cast<double>(b), addend = static_cast<double>(c);
    const double sum = product + addend, back = sum - product;
    const double error = (product - (sum - back)) + (addend - back);  // of the sum, exactly
    std::uint64_t bits = std::bit_cast<std::uint64_t>(sum);
    if ((error > 0 || error < 0) && (bits & 1) == 0) bits += (error > 0) == (sum > 0) ? 1 : ~std::uint64_t{0};
    return static_cast<float>(std::bit_cast<double>(bits));
  }

  struct ByteValues {
    float lane[256];
  };
  template <class Small>
  static constexpr ByteValues decoded_bytes() {
    ByteValues made{};
    for (std::uint32_t raw = 0; raw < 256; ++raw) made.lane[raw] = Small::decode(raw);
    return made;
  }
  template <class Small>
  static constexpr ByteValues values_of_byte = decoded_bytes<Small>();

  template <class Function>
  static Mask where(Function&& function) {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < 64; ++i) bits |= std::uint64_t{function(i)} << i;
    return {bits};
  }
  template <class Vector, class Function>
  static Vector each(Function&& function) {
    Vector made;
    unsigned i = 0;
    for (auto& lane : made.lane) lane = static_cast<std::remove_reference_t<decltype(lane)>>(function(i++));
    return made;
  }
};

}  // namespace cinch::simd
