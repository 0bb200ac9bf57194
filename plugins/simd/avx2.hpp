/// The vector operations of `Scalar` in AVX2 with FMA, F16C and BMI2: two registers for 64 bytes, four for 64 words, as
/// unpacking bytes makes them.
#pragma once

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__) && defined(__BMI2__)

#include <immintrin.h>

#include <array>
#include <cstdint>

#include "plugins/simd/target.hpp"

namespace cinch::simd {

/// For each set of 8 lanes the bytes that move to the front (`pack`), and where each lane's byte comes from (`spread`);
/// 0x80 makes a zero.
struct LaneMoves {
  std::array<std::uint64_t, 256> pack{}, spread{};
};
constexpr LaneMoves make_lane_moves() {
  LaneMoves made;
  for (unsigned set = 0; set < 256; ++set) {
    std::uint64_t pack = 0, spread = 0;
    unsigned next = 0;
    for (unsigned lane = 0; lane < 8; ++lane) {
      if ((set >> lane & 1) != 0) {
        pack |= std::uint64_t{lane} << (8 * next);
        spread |= std::uint64_t{next++} << (8 * lane);
      } else {
        spread |= std::uint64_t{0x80} << (8 * lane);
      }
    }
    for (; next < 8; ++next) pack |= std::uint64_t{0x80} << (8 * next);
    made.pack[set] = pack;
    made.spread[set] = spread;
  }
  return made;
}
inline constexpr LaneMoves lane_moves = make_lane_moves();

struct Avx2 {
  static constexpr Target target = Target::avx2;
  static constexpr bool has_many_registers = false;

  struct Bytes {
    __m256i v[2];
  };
  struct Words {
    __m256i v[4];  // lanes 0-7 and 16-23, 8-15 and 24-31, and so on
  };
  /// Words as their low and their high bytes, as in `Avx512`: bytes are what a decoder compares and refills.
  struct Split {
    Bytes low, high;
  };
  struct Floats {
    __m256 v[2];  // even lanes, odd lanes: what 16 bits become without a shuffle
  };

  struct ByteTable {
    __m256i v;
  };
  struct WordTable {
    __m256i low, high;
  };
  struct QuarterTable {
    __m256i v[2];
  };
  struct Order {  ///< For each half of the result and each quarter of the source, where bytes come from.
    __m256i rounded[2][4], channel[2][4];
  };
  struct Shift {
    __m128i bits[4], mask[4];
  };
  struct Mask {
    __m256i v[2];
  };
  struct Channels {
    Floats part[4];
  };
  struct SlotTable {  ///< A search tree: the children of node i are 2i and 2i + 1; what is above a node goes right.
    __m256i node;
  };

  CINCH_OPERATION ByteTable byte_table(const std::uint8_t* entries) { return {repeat(entries)}; }
  CINCH_OPERATION WordTable word_table(const std::uint16_t* entries) {
    std::uint8_t low[16], high[16];
    for (unsigned i = 0; i < 16; ++i) {
      low[i] = static_cast<std::uint8_t>(entries[i]);
      high[i] = static_cast<std::uint8_t>(entries[i] >> 8);
    }
    return {repeat(low), repeat(high)};
  }
  CINCH_OPERATION SlotTable slot_table(const std::uint8_t*, const std::uint8_t* starts) {
    // Nodes are the slots before the starts, -1 to 127, so that they are compared as signed.
    const __m256i order =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 8, 4, 12, 2, 6, 10, 14, 1, 3, 5, 7, 9, 11, 13, 15));
    return {_mm256_add_epi8(_mm256_shuffle_epi8(repeat(starts), order), _mm256_set1_epi8(-1))};
  }
  CINCH_OPERATION QuarterTable quarter_table(const std::uint8_t* entries) {
    return {{load_half(entries), load_half(entries + 32)}};
  }
  CINCH_OPERATION Order order_of(const std::uint8_t* channels) {
    std::uint8_t rounded[64], lane_of[64];
    // Where `round_to_bytes` leaves channel c; and in which of four bytes `floats_of` looks for it: those of an even
    // and an odd channel of one part, then of its neighbour.
    for (unsigned lane = 0; lane < 64; ++lane) {
      const unsigned c = channels[lane], half = c / 32 * 32, part = c % 32 / 16, within = c % 16 / 2, odd = c % 2;
      rounded[lane] = static_cast<std::uint8_t>(half + within / 4 * 16 + part * 8 + odd * 4 + within % 4);
      lane_of[half + within * 4 + part * 2 + odd] = static_cast<std::uint8_t>(lane);
    }
    Order made;
    moves_of(rounded, made.rounded);
    moves_of(lane_of, made.channel);
    return made;
  }
  CINCH_OPERATION Shift shift_of(const std::uint8_t* bits) {
    Shift made;
    for (unsigned i = 0; i < 4; ++i) {
      made.bits[i] = _mm_cvtsi32_si128(bits[i]);
      made.mask[i] = _mm_set1_epi8(static_cast<char>(255u >> bits[i]));
    }
    return made;
  }

  CINCH_OPERATION Bytes load(const std::uint8_t* from) { return {{load_half(from), load_half(from + 32)}}; }
  CINCH_OPERATION void store(std::uint8_t* to, Bytes a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a.v[0]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 32), a.v[1]);
  }
  CINCH_OPERATION Bytes fill(std::uint8_t value) {
    const __m256i v = _mm256_set1_epi8(static_cast<char>(value));
    return {{v, v}};
  }
  CINCH_OPERATION Bytes add(Bytes a, Bytes b) {
    return {{_mm256_add_epi8(a.v[0], b.v[0]), _mm256_add_epi8(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Bytes sub(Bytes a, Bytes b) {
    return {{_mm256_sub_epi8(a.v[0], b.v[0]), _mm256_sub_epi8(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Bytes lookup(ByteTable table, Bytes index) {
    return {{_mm256_shuffle_epi8(table.v, index.v[0]), _mm256_shuffle_epi8(table.v, index.v[1])}};
  }
  CINCH_OPERATION Words lookup(WordTable table, Bytes index) {
    return join(lookup(ByteTable{table.low}, index), lookup(ByteTable{table.high}, index));
  }
  CINCH_OPERATION Bytes symbols_of(SlotTable table, Split states) {
    const Bytes slots = slots_of(states);
    return {{search(table.node, slots.v[0]), search(table.node, slots.v[1])}};
  }

  CINCH_OPERATION Bytes lookup(QuarterTable table, Bytes index) {
    return {{_mm256_shuffle_epi8(table.v[0], index.v[0]), _mm256_shuffle_epi8(table.v[1], index.v[1])}};
  }
  CINCH_OPERATION Bytes shift_right(Bytes a, const Shift& shift) {
    Bytes made;
    for (unsigned h = 0; h < 2; ++h) {
      const __m128i low = _mm_srl_epi16(_mm256_castsi256_si128(a.v[h]), shift.bits[2 * h]);
      const __m128i high = _mm_srl_epi16(_mm256_extracti128_si256(a.v[h], 1), shift.bits[2 * h + 1]);
      made.v[h] = _mm256_set_m128i(_mm_and_si128(high, shift.mask[2 * h + 1]), _mm_and_si128(low, shift.mask[2 * h]));
    }
    return made;
  }
  CINCH_OPERATION void lookup(const float (&table)[16], Bytes index, float* to) {
    const __m256 low = _mm256_loadu_ps(table), high = _mm256_loadu_ps(table + 8);
    const auto eight = [&](__m128i lanes, float* at) {
      const __m256i entry = _mm256_cvtepu8_epi32(lanes);
      const __m256 is_high = _mm256_castsi256_ps(_mm256_slli_epi32(entry, 28));
      _mm256_storeu_ps(
          at, _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, entry), _mm256_permutevar8x32_ps(high, entry), is_high));
    };
    for (unsigned h = 0; h < 2; ++h) {
      const __m128i first = _mm256_castsi256_si128(index.v[h]), second = _mm256_extracti128_si256(index.v[h], 1);
      eight(first, to + 32 * h);
      eight(_mm_srli_si128(first, 8), to + 32 * h + 8);
      eight(second, to + 32 * h + 16);
      eight(_mm_srli_si128(second, 8), to + 32 * h + 24);
    }
  }
  CINCH_OPERATION Bytes load_quarters(const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* c,
                                      const std::uint8_t* d) {
    const auto at = [](const std::uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); };
    return {{_mm256_set_m128i(at(b), at(a)), _mm256_set_m128i(at(d), at(c))}};
  }
  template <unsigned quarter>
  CINCH_OPERATION void store_quarter(std::uint8_t* to, Bytes bytes) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_extracti128_si256(bytes.v[quarter / 2], quarter % 2));
  }

  CINCH_OPERATION Mask mask_of(std::uint64_t bits) {
    return {{lanes_of(static_cast<std::uint32_t>(bits)), lanes_of(static_cast<std::uint32_t>(bits >> 32))}};
  }
  CINCH_OPERATION std::uint64_t bits_of(Mask mask) {
    const auto half = [](__m256i v) { return static_cast<std::uint32_t>(_mm256_movemask_epi8(v)); };
    return half(mask.v[0]) | std::uint64_t{half(mask.v[1])} << 32;
  }
  CINCH_OPERATION Mask above(Bytes a, Bytes b) {
    const auto half = [](__m256i x, __m256i y) {
      return _mm256_xor_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(x, y), y), _mm256_set1_epi8(-1));
    };
    return {{half(a.v[0], b.v[0]), half(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Mask equal(Bytes a, Bytes b) {
    return {{_mm256_cmpeq_epi8(a.v[0], b.v[0]), _mm256_cmpeq_epi8(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Mask with_bit(Bytes a, unsigned bit) {
    const __m128i up = _mm_cvtsi32_si128(static_cast<int>(7 - bit));
    const auto half = [up](__m256i v) { return _mm256_cmpgt_epi8(_mm256_setzero_si256(), _mm256_sll_epi16(v, up)); };
    return {{half(a.v[0]), half(a.v[1])}};
  }
  CINCH_OPERATION Bytes select(Mask mask, Bytes a, Bytes b) {
    return {{_mm256_blendv_epi8(b.v[0], a.v[0], mask.v[0]), _mm256_blendv_epi8(b.v[1], a.v[1], mask.v[1])}};
  }
  CINCH_OPERATION Bytes add_where(Mask mask, Bytes a, Bytes b) {
    return {{_mm256_add_epi8(a.v[0], _mm256_and_si256(b.v[0], mask.v[0])),
             _mm256_add_epi8(a.v[1], _mm256_and_si256(b.v[1], mask.v[1]))}};
  }
  // Few lanes are moved, and often none: one at a time.
  CINCH_OPERATION std::uint8_t* pack_lanes(std::uint8_t* to, Mask mask, Bytes bytes) {
    std::uint64_t left = bits_of(mask);
    if (left == 0) return to;
    alignas(32) std::uint8_t lane[64];
    store(lane, bytes);
    for (; left != 0; left &= left - 1) *to++ = lane[__builtin_ctzll(left)];
    return to;
  }
  CINCH_OPERATION Bytes unpack_lanes(const std::uint8_t* from, std::uint64_t lanes, Bytes rest) {
    if (lanes == 0) return rest;
    alignas(32) std::uint8_t lane[64];
    store(lane, rest);
    for (; lanes != 0; lanes &= lanes - 1) lane[__builtin_ctzll(lanes)] = *from++;
    return load(lane);
  }

  CINCH_OPERATION Words load_words(const std::uint16_t* from) {
    const auto at = [from](unsigned i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)); };
    return {{_mm256_set_m128i(at(16), at(0)), _mm256_set_m128i(at(24), at(8)), _mm256_set_m128i(at(48), at(32)),
             _mm256_set_m128i(at(56), at(40))}};
  }
  CINCH_OPERATION void store_words(std::uint16_t* to, Words a) {
    for (unsigned i = 0; i < 4; ++i) {
      std::uint16_t* const at = to + i / 2 * 32 + i % 2 * 8;
      _mm_storeu_si128(reinterpret_cast<__m128i*>(at), _mm256_castsi256_si128(a.v[i]));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(at + 16), _mm256_extracti128_si256(a.v[i], 1));
    }
  }
  CINCH_OPERATION Words fill_words(std::uint16_t value) {
    const __m256i v = _mm256_set1_epi16(static_cast<short>(value));
    return {{v, v, v, v}};
  }
  CINCH_OPERATION Words widen(Bytes a) { return join(a, fill(0)); }
  CINCH_OPERATION Words join(Bytes low, Bytes high) {
    return {{_mm256_unpacklo_epi8(low.v[0], high.v[0]), _mm256_unpackhi_epi8(low.v[0], high.v[0]),
             _mm256_unpacklo_epi8(low.v[1], high.v[1]), _mm256_unpackhi_epi8(low.v[1], high.v[1])}};
  }
  CINCH_OPERATION Words first(unsigned count, Words a, Words b) {
    std::uint16_t all_a[64], all_b[64];
    store_words(all_a, a);
    store_words(all_b, b);
    for (unsigned i = count; i < 64; ++i) all_a[i] = all_b[i];
    return load_words(all_a);
  }

  CINCH_OPERATION Split split(Words a) { return {low_bytes_of(a), high_bytes_of(a)}; }
  CINCH_OPERATION Words words_of(Split a) { return join(a.low, a.high); }
  CINCH_OPERATION Bytes slots_of(Split states) { return both(states.low, fill(127)); }
  CINCH_OPERATION Split shrink(Split states, Bytes frequencies, Bytes offsets) {
    const Words state = words_of(states), frequency = widen(frequencies), offset = widen(offsets);
    Words made;
    for (unsigned i = 0; i < 4; ++i) {
      const __m256i part = _mm256_mullo_epi16(_mm256_srli_epi16(state.v[i], 7), frequency.v[i]);
      made.v[i] = _mm256_add_epi16(part, offset.v[i]);
    }
    return split(made);
  }
  CINCH_OPERATION Split refill(Split states, const std::uint8_t*& from) {
    const Mask hungry = equal(states.high, fill(0));
    std::uint32_t lanes[2];  // not `bits_of`, which would join them: that costs a fortieth of a decode
    for (unsigned h = 0; h < 2; ++h) lanes[h] = static_cast<std::uint32_t>(_mm256_movemask_epi8(hungry.v[h]));
    from -= _mm_popcnt_u64(lanes[0] | std::uint64_t{lanes[1]} << 32);
    const std::uint8_t* next = from;
    Split made;
    for (unsigned h = 0; h < 2; ++h) {
      const __m256i low = states.low.v[h];
      const __m256i taken = spread(lanes[h], next);
      made.high.v[h] = _mm256_or_si256(states.high.v[h], _mm256_and_si256(hungry.v[h], low));
      made.low.v[h] = _mm256_or_si256(_mm256_andnot_si256(hungry.v[h], low), taken);
    }
    return made;
  }
  CINCH_OPERATION Words grow(Words states, Words frequencies, Words starts, Words reciprocals) {
    Words made;
    for (unsigned i = 0; i < 4; ++i) {
      made.v[i] = grow(states.v[i], frequencies.v[i], starts.v[i], reciprocals.v[i]);
    }
    return made;
  }
  CINCH_OPERATION Words drain(Words states, Words frequencies, std::uint8_t*& to) {
    const Bytes low = low_bytes_of(states);
    Words made;
    for (unsigned h = 0; h < 2; ++h) {
      __m256i is_full[2];
      for (unsigned i = 0; i < 2; ++i) {
        const __m256i state = states.v[2 * h + i], limit = _mm256_slli_epi16(frequencies.v[2 * h + i], 9);
        is_full[i] = _mm256_cmpeq_epi16(_mm256_max_epu16(state, limit), state);
        made.v[2 * h + i] = _mm256_blendv_epi8(state, _mm256_srli_epi16(state, 8), is_full[i]);
      }
      const auto full = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_packs_epi16(is_full[0], is_full[1])));
      alignas(32) std::uint64_t bytes[4];
      _mm256_store_si256(reinterpret_cast<__m256i*>(bytes), low.v[h]);
      for (unsigned i = 0; i < 4; ++i) {
        const std::uint32_t set = full >> (8 * i) & 255;
        const __m128i packed =
            _mm_shuffle_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes + i)),
                             _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&lane_moves.pack[set])));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), packed);
        to += _mm_popcnt_u32(set);
      }
    }
    return made;
  }

  static constexpr bool has_wide_lookup = false;

  CINCH_OPERATION Bytes both(Bytes a, Bytes b) {
    return {{_mm256_and_si256(a.v[0], b.v[0]), _mm256_and_si256(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Bytes either(Bytes a, Bytes b) {
    return {{_mm256_or_si256(a.v[0], b.v[0]), _mm256_or_si256(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Bytes differ(Bytes a, Bytes b) {
    return {{_mm256_xor_si256(a.v[0], b.v[0]), _mm256_xor_si256(a.v[1], b.v[1])}};
  }
  template <int bits>
  CINCH_OPERATION Bytes shift_left(Bytes a) {
    const __m256i mask = _mm256_set1_epi8(static_cast<char>(0xff << bits));
    return {{_mm256_and_si256(_mm256_slli_epi16(a.v[0], bits), mask),
             _mm256_and_si256(_mm256_slli_epi16(a.v[1], bits), mask)}};
  }
  template <int bits>
  CINCH_OPERATION Bytes shift_right(Bytes a) {
    const __m256i mask = _mm256_set1_epi8(static_cast<char>(0xff >> bits));
    return {{_mm256_and_si256(_mm256_srli_epi16(a.v[0], bits), mask),
             _mm256_and_si256(_mm256_srli_epi16(a.v[1], bits), mask)}};
  }
  CINCH_OPERATION Bytes sub_to_zero(Bytes a, Bytes b) {
    return {{_mm256_subs_epu8(a.v[0], b.v[0]), _mm256_subs_epu8(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Bytes add_to_most(Bytes a, Bytes b) {
    return {{_mm256_adds_epu8(a.v[0], b.v[0]), _mm256_adds_epu8(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Bytes smaller(Bytes a, Bytes b) {
    return {{_mm256_min_epu8(a.v[0], b.v[0]), _mm256_min_epu8(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Bytes absolute(Bytes a) { return {{_mm256_abs_epi8(a.v[0]), _mm256_abs_epi8(a.v[1])}}; }
  template <int bit>
  CINCH_OPERATION std::uint64_t bits(Bytes a) {
    const auto half = [](__m256i v) {
      return static_cast<std::uint32_t>(_mm256_movemask_epi8(bit == 7 ? v : _mm256_slli_epi16(v, 7 - bit)));
    };
    return half(a.v[0]) | std::uint64_t{half(a.v[1])} << 32;
  }
  CINCH_OPERATION Bytes spread(std::uint64_t mask, std::uint8_t value) {
    const __m256i v = _mm256_set1_epi8(static_cast<char>(value));
    return {{_mm256_and_si256(lanes_of(static_cast<std::uint32_t>(mask)), v),
             _mm256_and_si256(lanes_of(static_cast<std::uint32_t>(mask >> 32)), v)}};
  }
  CINCH_OPERATION std::uint64_t pick_bits(std::uint64_t bits, std::uint64_t mask) { return _pext_u64(bits, mask); }
  CINCH_OPERATION std::uint64_t place_bits(std::uint64_t bits, std::uint64_t mask) { return _pdep_u64(bits, mask); }
  CINCH_OPERATION unsigned count_bits(std::uint64_t bits) { return static_cast<unsigned>(_mm_popcnt_u64(bits)); }
  CINCH_OPERATION void pack_sixes(Bytes a, std::uint8_t* to) {
    for (unsigned h = 0; h < 2; ++h, to += 24) {
      const __m256i pairs = _mm256_maddubs_epi16(a.v[h], _mm256_set1_epi16(0x4001));
      const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x10000001));
      const __m256i threes =
          _mm256_shuffle_epi8(fours, _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2,
                                                      4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
      const __m256i packed = _mm256_permutevar8x32_epi32(threes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 16), _mm256_extracti128_si256(packed, 1));
    }
  }
  CINCH_OPERATION Bytes unpack_sixes(const std::uint8_t* from) {
    Bytes made;
    for (unsigned h = 0; h < 2; ++h, from += 24) {
      const auto at = [from](unsigned i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)); };
      const __m256i threes = _mm256_shuffle_epi8(
          _mm256_set_m128i(at(12), at(0)), _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 0, 1,
                                                            2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1));
      const auto field = [threes](int shift, int mask) {
        return _mm256_and_si256(_mm256_slli_epi32(threes, shift), _mm256_set1_epi32(mask));
      };
      made.v[h] = _mm256_or_si256(_mm256_or_si256(field(0, 0x3f), field(2, 0x3f00)),
                                  _mm256_or_si256(field(4, 0x3f0000), field(6, 0x3f000000)));
    }
    return made;
  }
  CINCH_OPERATION void load_apart(const std::uint8_t* from, Bytes& low, Bytes& high) {
    const __m256i mask = _mm256_set1_epi16(255);
    for (unsigned h = 0; h < 2; ++h) {
      const __m256i a = load_half(from + 64 * h), b = load_half(from + 64 * h + 32);
      const __m256i lows = _mm256_packus_epi16(_mm256_and_si256(a, mask), _mm256_and_si256(b, mask));
      const __m256i highs = _mm256_packus_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8));
      low.v[h] = _mm256_permute4x64_epi64(lows, 0xd8);
      high.v[h] = _mm256_permute4x64_epi64(highs, 0xd8);
    }
  }
  CINCH_OPERATION void store_together(std::uint8_t* to, Bytes low, Bytes high) {
    for (unsigned h = 0; h < 2; ++h, to += 64) {
      const __m256i a = _mm256_permute4x64_epi64(low.v[h], 0xd8), b = _mm256_permute4x64_epi64(high.v[h], 0xd8);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_unpacklo_epi8(a, b));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 32), _mm256_unpackhi_epi8(a, b));
    }
  }
  CINCH_OPERATION void store_bf16_of(std::uint8_t* to, Bytes sign, Bytes octave, Bytes above, Bytes low) {
    const auto words = [](__m256i halves, __m256i rest) {
      return _mm256_or_si256(_mm256_slli_epi16(_mm256_maddubs_epi16(halves, _mm256_set1_epi16(0x0201)), 6), rest);
    };
    for (unsigned h = 0; h < 2; ++h, to += 64) {
      const __m256i top = _mm256_and_si256(sign.v[h], _mm256_set1_epi8(-128));
      const __m256i first = words(_mm256_unpacklo_epi8(above.v[h], octave.v[h]), _mm256_unpacklo_epi8(low.v[h], top));
      const __m256i second = words(_mm256_unpackhi_epi8(above.v[h], octave.v[h]), _mm256_unpackhi_epi8(low.v[h], top));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permute2x128_si256(first, second, 0x20));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 32), _mm256_permute2x128_si256(first, second, 0x31));
    }
  }
  CINCH_OPERATION Bytes low_bytes_of(Words a) {
    const __m256i low = _mm256_set1_epi16(255);
    return {{_mm256_packus_epi16(_mm256_and_si256(a.v[0], low), _mm256_and_si256(a.v[1], low)),
             _mm256_packus_epi16(_mm256_and_si256(a.v[2], low), _mm256_and_si256(a.v[3], low))}};
  }
  CINCH_OPERATION Bytes high_bytes_of(Words a) {
    return {{_mm256_packus_epi16(_mm256_srli_epi16(a.v[0], 8), _mm256_srli_epi16(a.v[1], 8)),
             _mm256_packus_epi16(_mm256_srli_epi16(a.v[2], 8), _mm256_srli_epi16(a.v[3], 8))}};
  }
  struct Quads {
    Bytes byte[4];
  };
  CINCH_OPERATION Quads lookup(const std::uint32_t* table, Bytes low, Bytes high) {
    const __m256i zero = _mm256_setzero_si256();
    // Of four lanes of each half all first bytes, all second ones, and so on.
    const auto fours = [table](__m256i index) {
      const __m256i entries = _mm256_i32gather_epi32(reinterpret_cast<const int*>(table), index, 4);
      const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
      return _mm256_shuffle_epi8(entries, _mm256_broadcastsi128_si256(order));
    };
    Quads quads;
    for (unsigned h = 0; h < 2; ++h) {
      const __m256i first = _mm256_unpacklo_epi8(low.v[h], high.v[h]);
      const __m256i second = _mm256_unpackhi_epi8(low.v[h], high.v[h]);
      const __m256i a = fours(_mm256_unpacklo_epi16(first, zero)), b = fours(_mm256_unpackhi_epi16(first, zero));
      const __m256i c = fours(_mm256_unpacklo_epi16(second, zero)), d = fours(_mm256_unpackhi_epi16(second, zero));
      const __m256i ab = _mm256_unpacklo_epi32(a, b), ab_high = _mm256_unpackhi_epi32(a, b);
      const __m256i cd = _mm256_unpacklo_epi32(c, d), cd_high = _mm256_unpackhi_epi32(c, d);
      quads.byte[0].v[h] = _mm256_unpacklo_epi64(ab, cd);
      quads.byte[1].v[h] = _mm256_unpackhi_epi64(ab, cd);
      quads.byte[2].v[h] = _mm256_unpacklo_epi64(ab_high, cd_high);
      quads.byte[3].v[h] = _mm256_unpackhi_epi64(ab_high, cd_high);
    }
    return quads;
  }
  CINCH_OPERATION Bytes turned(const std::int16_t* a, const std::int16_t* c, const std::int16_t* b,
                               const std::int16_t* s) {
    const auto quarter = [&](unsigned at) {
      const auto load = [at](const std::int16_t* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at));
      };
      const __m256i along = _mm256_mulhrs_epi16(load(a), load(c));
      const __m256i across = _mm256_mulhrs_epi16(load(b), load(s));
      return _mm256_mulhrs_epi16(_mm256_add_epi16(along, across), _mm256_set1_epi16(512));  // (x + 32) >> 6
    };
    return {{_mm256_permute4x64_epi64(_mm256_packs_epi16(quarter(0), quarter(16)), 0xd8),
             _mm256_permute4x64_epi64(_mm256_packs_epi16(quarter(32), quarter(48)), 0xd8)}};
  }

  static constexpr RegisterOrder register_order{{0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15}};
  CINCH_OPERATION Floats load_as_held(const float* from) {
    return {{_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}};
  }
  CINCH_OPERATION void store_as_held(float* to, Floats a) {
    _mm256_storeu_ps(to, a.v[0]);
    _mm256_storeu_ps(to + 8, a.v[1]);
  }
  CINCH_OPERATION Floats load_floats(const float* from) {
    const auto fours = [from](unsigned low, unsigned high) {
      return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from + low)), _mm_loadu_ps(from + high), 1);
    };
    const __m256 first = fours(0, 8), second = fours(4, 12);
    return {{_mm256_shuffle_ps(first, second, 0x88), _mm256_shuffle_ps(first, second, 0xdd)}};
  }
  CINCH_OPERATION void store_floats(float* to, Floats a) {
    const __m256 first = _mm256_unpacklo_ps(a.v[0], a.v[1]), second = _mm256_unpackhi_ps(a.v[0], a.v[1]);
    _mm_storeu_ps(to, _mm256_castps256_ps128(first));
    _mm_storeu_ps(to + 4, _mm256_castps256_ps128(second));
    _mm_storeu_ps(to + 8, _mm256_extractf128_ps(first, 1));
    _mm_storeu_ps(to + 12, _mm256_extractf128_ps(second, 1));
  }
  CINCH_OPERATION Floats fill_floats(float value) { return {{_mm256_set1_ps(value), _mm256_set1_ps(value)}}; }
  CINCH_OPERATION Floats add(Floats a, Floats b) {
    return {{_mm256_add_ps(a.v[0], b.v[0]), _mm256_add_ps(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Floats sub(Floats a, Floats b) {
    return {{_mm256_sub_ps(a.v[0], b.v[0]), _mm256_sub_ps(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Floats mul(Floats a, Floats b) {
    return {{_mm256_mul_ps(a.v[0], b.v[0]), _mm256_mul_ps(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Floats exact_product_add(Floats a, Floats b, Floats c) {
    return {{_mm256_fmadd_ps(a.v[0], b.v[0], c.v[0]), _mm256_fmadd_ps(a.v[1], b.v[1], c.v[1])}};
  }
  CINCH_OPERATION Floats exact_product_sub(Floats a, Floats b, Floats c) {
    return {{_mm256_fmsub_ps(a.v[0], b.v[0], c.v[0]), _mm256_fmsub_ps(a.v[1], b.v[1], c.v[1])}};
  }
  CINCH_OPERATION Floats fused_product_add(Floats a, Floats b, Floats c) { return exact_product_add(a, b, c); }
  template <int bits>
  CINCH_OPERATION Floats round_to_bits(Floats a) {
    const auto half = [](__m256 v) {
      const __m256i raw = _mm256_add_epi32(_mm256_castps_si256(v), _mm256_set1_epi32(1 << (23 - bits)));
      return _mm256_castsi256_ps(_mm256_and_si256(raw, _mm256_set1_epi32(-(1 << (24 - bits)))));
    };
    return {{half(a.v[0]), half(a.v[1])}};
  }
  CINCH_OPERATION float sum(Floats a) {
    const __m256 eight = halves_added(a);  // of eight lanes 0 2 4 6 | 1 3 5 7
    const __m256 four = _mm256_add_ps(eight, _mm256_permute_ps(eight, _MM_SHUFFLE(1, 0, 3, 2)));  // 0 2 | 1 3
    const __m256 two = _mm256_add_ps(four, _mm256_movehdup_ps(four));
    return _mm_cvtss_f32(_mm_add_ss(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1)));
  }
  CINCH_OPERATION Floats sums(const Floats (&a)[16]) {
    Floats made;
    for (unsigned h = 0; h < 2; ++h) {  // even sums, odd sums
      __m256 two[2];                    // four of them, in halves
      for (unsigned i = 0; i < 2; ++i) {
        __m256 four[2];
        for (unsigned j = 0; j < 2; ++j) {
          const Floats* const pair = a + 8 * i + 4 * j + h;
          const __m256d x = _mm256_castps_pd(halves_added(pair[0])), y = _mm256_castps_pd(halves_added(pair[2]));
          four[j] =
              _mm256_add_ps(_mm256_castpd_ps(_mm256_unpacklo_pd(x, y)), _mm256_castpd_ps(_mm256_unpackhi_pd(x, y)));
        }
        two[i] = _mm256_add_ps(_mm256_shuffle_ps(four[0], four[1], 0x88), _mm256_shuffle_ps(four[0], four[1], 0xdd));
      }
      made.v[h] = halves_added({{two[0], two[1]}});
    }
    return made;
  }
  CINCH_OPERATION float greatest(Floats a) {
    const __m256 eight = _mm256_max_ps(a.v[0], a.v[1]);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
  CINCH_OPERATION Floats absolute(Floats a) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {{_mm256_andnot_ps(sign, a.v[0]), _mm256_andnot_ps(sign, a.v[1])}};
  }
  CINCH_OPERATION Floats max(Floats a, Floats b) {
    return {{_mm256_max_ps(a.v[0], b.v[0]), _mm256_max_ps(a.v[1], b.v[1])}};
  }
  CINCH_OPERATION Floats load_bf16(const std::uint8_t* from) {
    const __m256i words = load_half(from);
    return {{_mm256_castsi256_ps(_mm256_slli_epi32(words, 16)),
             _mm256_castsi256_ps(_mm256_and_si256(words, _mm256_set1_epi32(-0x10000)))}};
  }
  CINCH_OPERATION void load_bf16(const std::uint8_t* from, Channels& to) {
    for (unsigned i = 0; i < 4; ++i) to.part[i] = load_bf16(from + 32 * i);
  }
  CINCH_OPERATION void store_bf16(std::uint8_t* to, Floats a) {
    const auto rounded = [](__m256 v) { return _mm256_add_epi32(_mm256_castps_si256(v), _mm256_set1_epi32(0x8000)); };
    const __m256i even = _mm256_srli_epi32(rounded(a.v[0]), 16);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_blend_epi16(even, rounded(a.v[1]), 0xaa));
  }
  CINCH_OPERATION void store_bf16(std::uint8_t* to, const Channels& a) {
    for (unsigned i = 0; i < 4; ++i) store_bf16(to + 32 * i, a.part[i]);
  }
  CINCH_OPERATION Floats load_f16(const std::uint8_t* from) {
    const __m256i apart = _mm256_shuffle_epi8(
        load_half(from),
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15)));
    const __m256i words = _mm256_permute4x64_epi64(apart, 0xd8);
    return {{_mm256_cvtph_ps(_mm256_castsi256_si128(words)), _mm256_cvtph_ps(_mm256_extracti128_si256(words, 1))}};
  }
  CINCH_OPERATION void store_f16(std::uint8_t* to, Floats a) {
    const __m256 most = _mm256_set1_ps(65504.0f), least = _mm256_set1_ps(-65504.0f);
    const auto half = [&](__m256 v) {
      return _mm256_cvtps_ph(_mm256_max_ps(_mm256_min_ps(v, most), least), _MM_FROUND_TO_NEAREST_INT);
    };
    const __m128i even = half(a.v[0]), odd = half(a.v[1]);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_unpacklo_epi16(even, odd));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), _mm_unpackhi_epi16(even, odd));
  }
  template <class Small>
  CINCH_OPERATION Floats load_f8(const std::uint8_t* from) {  // through f16, whose exponents cover theirs
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    Floats made;
    for (unsigned h = 0; h < 2; ++h) {
      const __m128i high = h == 0 ? _mm_slli_epi16(bytes, 8) : bytes;  // of every other byte, with its sign
      const __m128i half = _mm_and_si128(_mm_srai_epi16(high, Small::mantissa - 2),
                                         _mm_set1_epi16(static_cast<short>(0x8000 | 0x7f << (10 - Small::mantissa))));
      __m256 value = _mm256_mul_ps(_mm256_cvtph_ps(half), _mm256_set1_ps(1 << (15 - Small::bias)));
      if constexpr (!Small::has_infinity) {
        const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), value);
        value = _mm256_or_ps(value, _mm256_cmp_ps(size, _mm256_set1_ps(Small::most), _CMP_GT_OQ));
      }
      made.v[h] = value;
    }
    return made;
  }
  template <class Small>
  CINCH_OPERATION void store_f8(std::uint8_t* to, Floats a) {
    const auto set = [](std::uint32_t value) { return _mm256_set1_epi32(static_cast<int>(value)); };
    const auto half = [set](__m256 x) {
      const __m256i bits = _mm256_castps_si256(x), size = _mm256_and_si256(bits, set(0x7fffffff));
      const __m256i subnormal = _mm256_sub_epi32(
          _mm256_castps_si256(_mm256_add_ps(_mm256_castsi256_ps(size), _mm256_castsi256_ps(set(Small::magic)))),
          set(Small::magic));
      const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(size, Small::dropped), set(1));
      const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(size, odd), set(Small::to_rounded));
      const __m256i is_subnormal = _mm256_cmpgt_epi32(set(Small::min_normal), size);
      const __m256i raw = _mm256_blendv_epi8(_mm256_srli_epi32(rounded, Small::dropped), subnormal, is_subnormal);
      const __m256i sign = _mm256_and_si256(_mm256_srli_epi32(bits, 24), set(0x80));
      return _mm256_or_si256(_mm256_min_epu32(raw, set(Small::max_raw)), sign);
    };
    const __m256i words = _mm256_or_si256(half(a.v[0]), _mm256_slli_epi32(half(a.v[1]), 16));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
  }
  CINCH_OPERATION Bytes round_to_bytes(const Channels& a) {
    Bytes made;
    for (unsigned h = 0; h < 2; ++h) {
      const Floats &low = a.part[2 * h], &high = a.part[2 * h + 1];
      const __m256i first = _mm256_packs_epi32(_mm256_cvtps_epi32(low.v[0]), _mm256_cvtps_epi32(low.v[1]));
      const __m256i second = _mm256_packs_epi32(_mm256_cvtps_epi32(high.v[0]), _mm256_cvtps_epi32(high.v[1]));
      made.v[h] = _mm256_packs_epi16(first, second);
    }
    return made;
  }
  CINCH_OPERATION Bytes arrange(Bytes rounded, const Order& order) { return move(rounded, order.rounded); }
  static constexpr float channel_unit = 0x1p-24f;
  CINCH_OPERATION Bytes unarrange(Bytes lanes, const Order& order) { return move(lanes, order.channel); }
  template <unsigned part>
  CINCH_OPERATION Floats floats_of(Bytes moved, const Order&) {
    const __m256i fours = moved.v[part / 2];  // an even and an odd channel of this part, and of its neighbour
    const __m256i top = _mm256_set1_epi32(-0x1000000);
    if constexpr (part % 2 == 0) {
      return {{_mm256_cvtepi32_ps(_mm256_slli_epi32(fours, 24)),
               _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_slli_epi32(fours, 16), top))}};
    } else {
      return {{_mm256_cvtepi32_ps(_mm256_and_si256(_mm256_slli_epi32(fours, 8), top)),
               _mm256_cvtepi32_ps(_mm256_and_si256(fours, top))}};
    }
  }

 private:
  /// Lanes i and i + 8, for i = 0 2 4 6 | 1 3 5 7.
  CINCH_OPERATION __m256 halves_added(Floats a) {
    return _mm256_add_ps(_mm256_blend_ps(a.v[0], a.v[1], 0xf0), _mm256_permute2f128_ps(a.v[0], a.v[1], 0x21));
  }
  /// moves[h][q]: for every lane of half h its place in quarter q of the source, or a zero.
  CINCH_OPERATION void moves_of(const std::uint8_t* sources, __m256i (&moves)[2][4]) {
    for (unsigned h = 0; h < 2; ++h) {
      for (unsigned quarter = 0; quarter < 4; ++quarter) {
        alignas(32) std::uint8_t place[32];
        for (unsigned i = 0; i < 32; ++i) {
          const unsigned source = sources[32 * h + i];
          place[i] = static_cast<std::uint8_t>(source / 16 == quarter ? source % 16 : 0x80);
        }
        moves[h][quarter] = load_half(place);
      }
    }
  }
  CINCH_OPERATION Bytes move(Bytes a, const __m256i (&moves)[2][4]) {
    const __m256i quarters[4] = {
        _mm256_permute2x128_si256(a.v[0], a.v[0], 0x00), _mm256_permute2x128_si256(a.v[0], a.v[0], 0x11),
        _mm256_permute2x128_si256(a.v[1], a.v[1], 0x00), _mm256_permute2x128_si256(a.v[1], a.v[1], 0x11)};
    const auto half = [&](unsigned h) {
      return _mm256_or_si256(
          _mm256_or_si256(_mm256_shuffle_epi8(quarters[0], moves[h][0]), _mm256_shuffle_epi8(quarters[1], moves[h][1])),
          _mm256_or_si256(_mm256_shuffle_epi8(quarters[2], moves[h][2]),
                          _mm256_shuffle_epi8(quarters[3], moves[h][3])));
    };
    return {{half(0), half(1)}};
  }
  /// -1 in the lanes of a mask.
  CINCH_OPERATION __m256i lanes_of(std::uint32_t mask) {
    const __m256i bytes =
        _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(mask)),
                            _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
    const __m256i bits = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201));
    return _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bits), bits);
  }
  CINCH_OPERATION __m256i repeat(const std::uint8_t* from) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  CINCH_OPERATION __m256i load_half(const std::uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  /// The last symbol that starts at or before each slot.
  CINCH_OPERATION __m256i search(__m256i node, __m256i slots) {
    __m256i at = _mm256_set1_epi8(1);
    for (unsigned level = 0; level < 4; ++level) {
      const __m256i right = _mm256_cmpgt_epi8(slots, _mm256_shuffle_epi8(node, at));  // -1
      at = _mm256_sub_epi8(_mm256_add_epi8(at, at), right);
    }
    return _mm256_and_si256(at, _mm256_set1_epi8(15));
  }
  /// The reciprocal's quotient is right or one too small.
  CINCH_OPERATION __m256i grow(__m256i state, __m256i frequency, __m256i start, __m256i reciprocal) {
    const __m256i quotient = _mm256_mulhi_epu16(state, reciprocal);
    const __m256i rest = _mm256_sub_epi16(state, _mm256_mullo_epi16(quotient, frequency));
    const __m256i is_right = _mm256_cmpgt_epi16(frequency, rest);
    const __m256i grown = _mm256_add_epi16(_mm256_add_epi16(_mm256_slli_epi16(quotient, 7), rest), start);
    return _mm256_add_epi16(grown, _mm256_andnot_si256(is_right, _mm256_sub_epi16(_mm256_set1_epi16(128), frequency)));
  }
  /// Bytes from `next` on to the lanes of `set`, zero elsewhere.
  CINCH_OPERATION __m256i spread(std::uint32_t set, const std::uint8_t*& next) {
    const auto eight = [&next](std::uint32_t lanes) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(next));
      next += _mm_popcnt_u32(lanes);
      return _mm_shuffle_epi8(bytes, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&lane_moves.spread[lanes])));
    };
    const __m128i a = eight(set & 255), b = eight(set >> 8 & 255), c = eight(set >> 16 & 255), d = eight(set >> 24);
    return _mm256_set_m128i(_mm_unpacklo_epi64(c, d), _mm_unpacklo_epi64(a, b));
  }
};

}  // namespace cinch::simd

#endif
