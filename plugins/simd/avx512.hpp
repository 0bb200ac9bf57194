/// The vector operations of `Scalar` in AVX-512 with VBMI2. Words are kept apart as those of the even and of the odd
/// lanes, which takes one operation from bytes and two back.
#pragma once

#if defined(__AVX512VBMI2__) && defined(__AVX512VBMI__) && defined(__AVX512BW__) && defined(__BMI2__)

#include <immintrin.h>

#include <cstdint>

#include "plugins/simd/target.hpp"

namespace cinch::simd {

struct Avx512 {
  static constexpr Target target = Target::avx512;
  static constexpr bool has_many_registers = true;

  struct Bytes {
    __m512i v;
  };
  struct Words {
    __m512i even, odd;
  };
  /// Words as their low and their high bytes: bytes are what a decoder looks up, compares and refills.
  struct Split {
    __m512i low, high;
  };
  struct Floats {
    __m512 v;
  };

  struct ByteTable {
    __m512i v;
  };
  struct WordTable {
    __m512i v;
  };
  struct WideTable {
    __m512i low, high;
  };
  struct HalfTable {
    __m512i v;
  };
  struct SlotTable {
    __m512i low, high;
  };
  struct QuarterTable {
    __m512i v;
  };
  struct Order {
    __m512i rounded;     // of a lane: where `round_to_bytes` puts its channel
    __m512i channel[4];  // of the top byte of each float's integer: its lane
  };
  struct Shift {
    __m512i from, mask;
  };
  struct Mask {
    __mmask64 k;
  };
  struct Channels {
    Floats part[4];
  };

  CINCH_OPERATION ByteTable byte_table(const std::uint8_t* entries) {
    return {_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(entries)))};
  }
  CINCH_OPERATION WordTable word_table(const std::uint16_t* entries) {
    return {_mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(entries)))};
  }
  CINCH_OPERATION WideTable wide_table(const std::uint8_t* entries) {
    return {_mm512_loadu_si512(entries), _mm512_loadu_si512(entries + 64)};
  }
  CINCH_OPERATION HalfTable half_table(const std::uint8_t* entries) { return {_mm512_loadu_si512(entries)}; }
  CINCH_OPERATION SlotTable slot_table(const std::uint8_t* symbols, const std::uint8_t*) {
    return {_mm512_loadu_si512(symbols), _mm512_loadu_si512(symbols + 64)};
  }
  CINCH_OPERATION QuarterTable quarter_table(const std::uint8_t* entries) { return {_mm512_loadu_si512(entries)}; }
  CINCH_OPERATION Order order_of(const std::uint8_t* channels) {
    alignas(64) std::uint8_t rounded[64], channel[4][64] = {};
    for (unsigned lane = 0; lane < 64; ++lane) {
      const unsigned c = channels[lane];
      rounded[lane] = static_cast<std::uint8_t>(c % 16 / 4 * 16 + c / 16 * 4 + c % 4);
      channel[c / 16][c % 16 * 4 + 3] = static_cast<std::uint8_t>(lane);
    }
    return {_mm512_load_si512(rounded),
            {_mm512_load_si512(channel[0]), _mm512_load_si512(channel[1]), _mm512_load_si512(channel[2]),
             _mm512_load_si512(channel[3])}};
  }
  CINCH_OPERATION Shift shift_of(const std::uint8_t* bits) {
    alignas(64) std::uint8_t from[64], mask[64];
    for (unsigned i = 0; i < 64; ++i) {
      from[i] = static_cast<std::uint8_t>(i % 8 * 8 + bits[i / 16]);
      mask[i] = static_cast<std::uint8_t>(255u >> bits[i / 16]);
    }
    return {_mm512_load_si512(from), _mm512_load_si512(mask)};
  }

  CINCH_OPERATION Bytes load(const std::uint8_t* from) { return {_mm512_loadu_si512(from)}; }
  CINCH_OPERATION void store(std::uint8_t* to, Bytes a) { _mm512_storeu_si512(to, a.v); }
  CINCH_OPERATION Bytes fill(std::uint8_t value) { return {_mm512_set1_epi8(static_cast<char>(value))}; }
  CINCH_OPERATION Bytes add(Bytes a, Bytes b) { return {_mm512_add_epi8(a.v, b.v)}; }
  CINCH_OPERATION Bytes sub(Bytes a, Bytes b) { return {_mm512_sub_epi8(a.v, b.v)}; }
  CINCH_OPERATION Bytes lookup(ByteTable table, Bytes index) { return {_mm512_shuffle_epi8(table.v, index.v)}; }
  CINCH_OPERATION Words lookup(WordTable table, Bytes index) {
    const Words wide = widen(index);
    return {_mm512_permutexvar_epi16(wide.even, table.v), _mm512_permutexvar_epi16(wide.odd, table.v)};
  }
  CINCH_OPERATION Bytes lookup(const WideTable& table, Bytes index) {
    return {_mm512_permutex2var_epi8(table.low, index.v, table.high)};
  }
  CINCH_OPERATION Bytes lookup(const HalfTable& table, Bytes index) {
    return {_mm512_permutexvar_epi8(index.v, table.v)};
  }
  CINCH_OPERATION Bytes symbols_of(const SlotTable& table, Split states) {  // the top bit of an index is ignored
    return {_mm512_permutex2var_epi8(table.low, states.low, table.high)};
  }

  CINCH_OPERATION Bytes lookup(QuarterTable table, Bytes index) { return {_mm512_shuffle_epi8(table.v, index.v)}; }
  CINCH_OPERATION Bytes shift_right(Bytes a, Shift shift) {
    return {_mm512_and_si512(_mm512_multishift_epi64_epi8(shift.from, a.v), shift.mask)};
  }
  CINCH_OPERATION void lookup(const float (&table)[16], Bytes index, float* to) {
    const __m512 entries = _mm512_loadu_ps(table);
    const auto quarter = [&](__m128i lanes, float* at) {
      _mm512_storeu_ps(at, _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(lanes), entries));
    };
    quarter(_mm512_castsi512_si128(index.v), to);
    quarter(_mm512_extracti32x4_epi32(index.v, 1), to + 16);
    quarter(_mm512_extracti32x4_epi32(index.v, 2), to + 32);
    quarter(_mm512_extracti32x4_epi32(index.v, 3), to + 48);
  }
  CINCH_OPERATION Bytes load_quarters(const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* c,
                                      const std::uint8_t* d) {
    const auto at = [](const std::uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); };
    const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(at(a)), at(b), 1);
    const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(at(c)), at(d), 1);
    return {_mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1)};
  }
  template <unsigned quarter>
  CINCH_OPERATION void store_quarter(std::uint8_t* to, Bytes bytes) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_extracti32x4_epi32(bytes.v, quarter));
  }

  CINCH_OPERATION Mask mask_of(std::uint64_t bits) { return {bits}; }
  CINCH_OPERATION std::uint64_t bits_of(Mask mask) { return mask.k; }
  CINCH_OPERATION Mask above(Bytes a, Bytes b) { return {_mm512_cmpgt_epu8_mask(a.v, b.v)}; }
  CINCH_OPERATION Mask equal(Bytes a, Bytes b) { return {_mm512_cmpeq_epu8_mask(a.v, b.v)}; }
  CINCH_OPERATION Mask with_bit(Bytes a, unsigned bit) {
    return {_mm512_test_epi8_mask(a.v, _mm512_set1_epi8(static_cast<char>(1u << bit)))};
  }
  CINCH_OPERATION Bytes select(Mask mask, Bytes a, Bytes b) { return {_mm512_mask_mov_epi8(b.v, mask.k, a.v)}; }
  CINCH_OPERATION Bytes add_where(Mask mask, Bytes a, Bytes b) { return {_mm512_mask_add_epi8(a.v, mask.k, a.v, b.v)}; }
  CINCH_OPERATION std::uint8_t* pack_lanes(std::uint8_t* to, Mask mask, Bytes bytes) {
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(mask.k, bytes.v));
    return to + _mm_popcnt_u64(mask.k);
  }
  CINCH_OPERATION Bytes unpack_lanes(const std::uint8_t* from, std::uint64_t lanes, Bytes rest) {
    return {_mm512_mask_expand_epi8(rest.v, lanes, in_register(_mm512_loadu_si512(from)))};
  }

  CINCH_OPERATION Words load_words(const std::uint16_t* from) {
    const __m512i low = _mm512_loadu_si512(from), high = _mm512_loadu_si512(from + 32);
    const __m512i even = even_indexes();
    return {_mm512_permutex2var_epi16(low, even, high),
            _mm512_permutex2var_epi16(low, _mm512_add_epi16(even, _mm512_set1_epi16(1)), high)};
  }
  CINCH_OPERATION void store_words(std::uint16_t* to, Words a) {
    alignas(64) std::uint16_t even[32], odd[32];
    _mm512_store_si512(even, a.even);
    _mm512_store_si512(odd, a.odd);
    for (unsigned i = 0; i < 32; ++i) {
      to[2 * i] = even[i];
      to[2 * i + 1] = odd[i];
    }
  }
  CINCH_OPERATION Words fill_words(std::uint16_t value) {
    const __m512i v = _mm512_set1_epi16(static_cast<short>(value));
    return {v, v};
  }
  CINCH_OPERATION Words widen(Bytes a) {
    return {_mm512_and_si512(a.v, _mm512_set1_epi16(255)), _mm512_srli_epi16(a.v, 8)};
  }
  CINCH_OPERATION Words join(Bytes low, Bytes high) {
    return {low_bytes_of(low.v, _mm512_slli_epi16(high.v, 8)), low_bytes_of(_mm512_srli_epi16(low.v, 8), high.v)};
  }
  CINCH_OPERATION Words first(unsigned count, Words a, Words b) {
    const auto below = [](unsigned n) { return static_cast<__mmask32>((std::uint64_t{1} << n) - 1); };
    return {_mm512_mask_mov_epi16(b.even, below((count + 1) / 2), a.even),
            _mm512_mask_mov_epi16(b.odd, below(count / 2), a.odd)};
  }

  CINCH_OPERATION Split split(Words a) { return {low_bytes_of(a).v, high_bytes_of(a).v}; }
  CINCH_OPERATION Words words_of(Split a) { return join({a.low}, {a.high}); }
  CINCH_OPERATION Bytes slots_of(Split states) { return {_mm512_and_si512(states.low, _mm512_set1_epi8(127))}; }
  CINCH_OPERATION Split shrink(Split states, Bytes frequencies, Bytes offsets) {
    // A state's quotient, state >> 7, is high << 1 | low >> 7.
    const __m512i byte = _mm512_set1_epi16(255);
    const auto half = [](__m512i quotient, __m512i frequency, __m512i offset) {
      return _mm512_add_epi16(_mm512_mullo_epi16(quotient, frequency), offset);
    };
    const __m512i even =
        half(_mm512_shldi_epi16(_mm512_and_si512(states.high, byte), _mm512_slli_epi16(states.low, 8), 1),
             _mm512_and_si512(frequencies.v, byte), _mm512_and_si512(offsets.v, byte));
    const __m512i odd = half(_mm512_shldi_epi16(_mm512_srli_epi16(states.high, 8), states.low, 1),
                             _mm512_srli_epi16(frequencies.v, 8), _mm512_srli_epi16(offsets.v, 8));
    return {low_bytes_of(even, _mm512_slli_epi16(odd, 8)), low_bytes_of(_mm512_srli_epi16(even, 8), odd)};
  }
  CINCH_OPERATION Split refill(Split states, const std::uint8_t*& from) {
    const __mmask64 hungry = _mm512_testn_epi8_mask(states.high, states.high);
    from -= _mm_popcnt_u64(hungry);
    const __m512i bytes = in_register(_mm512_loadu_si512(from));
    return {_mm512_mask_expand_epi8(states.low, hungry, bytes), _mm512_mask_mov_epi8(states.high, hungry, states.low)};
  }
  CINCH_OPERATION Words grow(Words states, Words frequencies, Words starts, Words reciprocals) {
    // The reciprocal's quotient is right or one too small.
    const auto half = [](__m512i state, __m512i frequency, __m512i start, __m512i reciprocal) {
      const __m512i quotient = _mm512_mulhi_epu16(state, reciprocal);
      const __m512i rest = _mm512_sub_epi16(state, _mm512_mullo_epi16(quotient, frequency));
      const __mmask32 is_small = _mm512_cmpge_epu16_mask(rest, frequency);
      const __m512i grown = _mm512_add_epi16(_mm512_add_epi16(_mm512_slli_epi16(quotient, 7), rest), start);
      return _mm512_mask_add_epi16(grown, is_small, grown, _mm512_sub_epi16(_mm512_set1_epi16(128), frequency));
    };
    return {half(states.even, frequencies.even, starts.even, reciprocals.even),
            half(states.odd, frequencies.odd, starts.odd, reciprocals.odd)};
  }
  CINCH_OPERATION Words drain(Words states, Words frequencies, std::uint8_t*& to) {
    const __mmask32 even = _mm512_cmpge_epu16_mask(states.even, _mm512_slli_epi16(frequencies.even, 9));
    const __mmask32 odd = _mm512_cmpge_epu16_mask(states.odd, _mm512_slli_epi16(frequencies.odd, 9));
    const std::uint64_t full = _pdep_u64(even, even_lanes) | _pdep_u64(odd, ~even_lanes);
    const __m512i bytes = low_bytes_of(states.even, _mm512_slli_epi16(states.odd, 8));
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(full, bytes));
    to += _mm_popcnt_u64(full);
    return {_mm512_mask_srli_epi16(states.even, even, states.even, 8),
            _mm512_mask_srli_epi16(states.odd, odd, states.odd, 8)};
  }

  static constexpr bool has_wide_lookup = true;

  CINCH_OPERATION Bytes both(Bytes a, Bytes b) { return {_mm512_and_si512(a.v, b.v)}; }
  CINCH_OPERATION Bytes either(Bytes a, Bytes b) { return {_mm512_or_si512(a.v, b.v)}; }
  CINCH_OPERATION Bytes differ(Bytes a, Bytes b) { return {_mm512_xor_si512(a.v, b.v)}; }
  template <int bits>
  CINCH_OPERATION Bytes shift_left(Bytes a) {
    return {_mm512_and_si512(_mm512_slli_epi16(a.v, bits), _mm512_set1_epi8(static_cast<char>(0xff << bits)))};
  }
  template <int bits>
  CINCH_OPERATION Bytes shift_right(Bytes a) {
    return {_mm512_and_si512(_mm512_srli_epi16(a.v, bits), _mm512_set1_epi8(static_cast<char>(0xff >> bits)))};
  }
  CINCH_OPERATION Bytes sub_to_zero(Bytes a, Bytes b) { return {_mm512_subs_epu8(a.v, b.v)}; }
  CINCH_OPERATION Bytes add_to_most(Bytes a, Bytes b) { return {_mm512_adds_epu8(a.v, b.v)}; }
  CINCH_OPERATION Bytes smaller(Bytes a, Bytes b) { return {_mm512_min_epu8(a.v, b.v)}; }
  CINCH_OPERATION Bytes absolute(Bytes a) { return {_mm512_abs_epi8(a.v)}; }
  template <int bit>
  CINCH_OPERATION std::uint64_t bits(Bytes a) {
    if constexpr (bit == 7) return _mm512_movepi8_mask(a.v);
    return _mm512_test_epi8_mask(a.v, _mm512_set1_epi8(static_cast<char>(1u << bit)));
  }
  CINCH_OPERATION Bytes spread(std::uint64_t mask, std::uint8_t value) {
    return {_mm512_maskz_mov_epi8(mask, _mm512_set1_epi8(static_cast<char>(value)))};
  }
  CINCH_OPERATION std::uint64_t pick_bits(std::uint64_t bits, std::uint64_t mask) { return _pext_u64(bits, mask); }
  CINCH_OPERATION std::uint64_t place_bits(std::uint64_t bits, std::uint64_t mask) { return _pdep_u64(bits, mask); }
  CINCH_OPERATION unsigned count_bits(std::uint64_t bits) { return static_cast<unsigned>(_mm_popcnt_u64(bits)); }
  CINCH_OPERATION void pack_sixes(Bytes a, std::uint8_t* to) {
    const __m512i pairs = _mm512_maddubs_epi16(a.v, _mm512_set1_epi16(0x4001));
    const __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x10000001));
    alignas(64) std::uint8_t index[64] = {};
    for (unsigned i = 0; i < 48; ++i) index[i] = static_cast<std::uint8_t>(i / 3 * 4 + i % 3);
    // Not a masked store, which Zen 4 splits into many micro-operations.
    const __m512i packed = _mm512_permutexvar_epi8(_mm512_load_si512(index), fours);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_castsi512_si256(packed));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 32), _mm512_extracti32x4_epi32(packed, 2));
  }
  CINCH_OPERATION Bytes unpack_sixes(const std::uint8_t* from) {
    alignas(64) std::uint8_t index[64];
    for (unsigned i = 0; i < 64; ++i) index[i] = static_cast<std::uint8_t>(i / 8 * 6 + (i % 8 < 6 ? i % 8 : 0));
    const __m512i eights = _mm512_permutexvar_epi8(_mm512_load_si512(index), _mm512_loadu_si512(from));
    const __m512i shifts = _mm512_set1_epi64(0x2a241e18120c0600);
    return {_mm512_and_si512(_mm512_multishift_epi64_epi8(shifts, eights), _mm512_set1_epi8(63))};
  }
  CINCH_OPERATION void load_apart(const std::uint8_t* from, Bytes& low, Bytes& high) {
    const __m512i a = _mm512_loadu_si512(from), b = _mm512_loadu_si512(from + 64);
    alignas(64) std::uint8_t even[64], odd[64];
    for (unsigned i = 0; i < 64; ++i) {
      even[i] = static_cast<std::uint8_t>(2 * i);
      odd[i] = static_cast<std::uint8_t>(2 * i + 1);
    }
    low = {_mm512_permutex2var_epi8(a, _mm512_load_si512(even), b)};
    high = {_mm512_permutex2var_epi8(a, _mm512_load_si512(odd), b)};
  }
  CINCH_OPERATION void store_together(std::uint8_t* to, Bytes low, Bytes high) {
    alignas(64) std::uint8_t first[64], second[64];
    for (unsigned i = 0; i < 64; ++i) {
      first[i] = static_cast<std::uint8_t>(i / 2 + 64 * (i % 2));
      second[i] = static_cast<std::uint8_t>(32 + i / 2 + 64 * (i % 2));
    }
    _mm512_storeu_si512(to, _mm512_permutex2var_epi8(low.v, _mm512_load_si512(first), high.v));
    _mm512_storeu_si512(to + 64, _mm512_permutex2var_epi8(low.v, _mm512_load_si512(second), high.v));
  }
  CINCH_OPERATION void store_bf16_of(std::uint8_t* to, Bytes sign, Bytes octave, Bytes above, Bytes low) {
    const auto words = [](__m512i halves, __m512i rest) {
      return _mm512_or_si512(_mm512_slli_epi16(_mm512_maddubs_epi16(halves, _mm512_set1_epi16(0x0201)), 6), rest);
    };
    const __m512i top = _mm512_and_si512(sign.v, _mm512_set1_epi8(-128));
    const __m512i first = words(_mm512_unpacklo_epi8(above.v, octave.v), _mm512_unpacklo_epi8(low.v, top));
    const __m512i second = words(_mm512_unpackhi_epi8(above.v, octave.v), _mm512_unpackhi_epi8(low.v, top));
    // Each has the lower or the upper eight of sixteen lanes.
    _mm512_storeu_si512(to, _mm512_permutex2var_epi64(first, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), second));
    _mm512_storeu_si512(to + 64,
                        _mm512_permutex2var_epi64(first, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), second));
  }
  CINCH_OPERATION Bytes low_bytes_of(Words a) { return {low_bytes_of(a.even, _mm512_slli_epi16(a.odd, 8))}; }
  CINCH_OPERATION Bytes high_bytes_of(Words a) { return {low_bytes_of(_mm512_srli_epi16(a.even, 8), a.odd)}; }
  CINCH_OPERATION Bytes turned(const std::int16_t* a, const std::int16_t* c, const std::int16_t* b,
                               const std::int16_t* s) {
    const auto half = [&](unsigned at) {
      const __m512i along = _mm512_mulhrs_epi16(_mm512_loadu_si512(a + at), _mm512_loadu_si512(c + at));
      const __m512i across = _mm512_mulhrs_epi16(_mm512_loadu_si512(b + at), _mm512_loadu_si512(s + at));
      return _mm512_mulhrs_epi16(_mm512_add_epi16(along, across), _mm512_set1_epi16(512));  // (x + 32) >> 6
    };
    const __m512i packed = _mm512_packs_epi16(half(0), half(32));
    return {_mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), packed)};
  }

  static constexpr RegisterOrder register_order = ascending;
  CINCH_OPERATION Floats load_as_held(const float* from) { return load_floats(from); }
  CINCH_OPERATION void store_as_held(float* to, Floats a) { store_floats(to, a); }
  CINCH_OPERATION Floats load_floats(const float* from) { return {_mm512_loadu_ps(from)}; }
  CINCH_OPERATION void store_floats(float* to, Floats a) { _mm512_storeu_ps(to, a.v); }
  CINCH_OPERATION Floats fill_floats(float value) { return {_mm512_set1_ps(value)}; }
  CINCH_OPERATION Floats add(Floats a, Floats b) { return {_mm512_add_ps(a.v, b.v)}; }
  CINCH_OPERATION Floats sub(Floats a, Floats b) { return {_mm512_sub_ps(a.v, b.v)}; }
  CINCH_OPERATION Floats mul(Floats a, Floats b) { return {_mm512_mul_ps(a.v, b.v)}; }
  CINCH_OPERATION Floats exact_product_add(Floats a, Floats b, Floats c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
  CINCH_OPERATION Floats exact_product_sub(Floats a, Floats b, Floats c) { return {_mm512_fmsub_ps(a.v, b.v, c.v)}; }
  CINCH_OPERATION Floats fused_product_add(Floats a, Floats b, Floats c) { return exact_product_add(a, b, c); }
  template <int bits>
  CINCH_OPERATION Floats round_to_bits(Floats a) {
    const __m512i raw = _mm512_add_epi32(_mm512_castps_si512(a.v), _mm512_set1_epi32(1 << (23 - bits)));
    return {_mm512_castsi512_ps(_mm512_and_si512(raw, _mm512_set1_epi32(-(1 << (24 - bits)))))};
  }
  CINCH_OPERATION float sum(Floats a) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  CINCH_OPERATION Floats sums(const Floats (&a)[16]) {
    __m512 two[8], four[4], eight[2];  // vectors at a time, halves of the sums at a time
    for (unsigned i = 0; i < 8; ++i) {
      const __m512 x = a[2 * i].v, y = a[2 * i + 1].v;
      two[i] = _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x44), _mm512_shuffle_f32x4(x, y, 0xee));
    }
    for (unsigned i = 0; i < 4; ++i) {
      const __m512 x = two[2 * i], y = two[2 * i + 1];
      four[i] = _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x88), _mm512_shuffle_f32x4(x, y, 0xdd));
    }
    for (unsigned i = 0; i < 2; ++i) {
      const __m512d x = _mm512_castps_pd(four[2 * i]), y = _mm512_castps_pd(four[2 * i + 1]);
      eight[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(x, y)), _mm512_castpd_ps(_mm512_unpackhi_pd(x, y)));
    }
    const __m512 all =
        _mm512_add_ps(_mm512_shuffle_ps(eight[0], eight[1], 0x88), _mm512_shuffle_ps(eight[0], eight[1], 0xdd));
    return {_mm512_permutexvar_ps(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), all)};
  }
  CINCH_OPERATION float greatest(Floats a) { return _mm512_reduce_max_ps(a.v); }
  CINCH_OPERATION Floats absolute(Floats a) { return {_mm512_abs_ps(a.v)}; }
  CINCH_OPERATION Floats max(Floats a, Floats b) { return {_mm512_max_ps(a.v, b.v)}; }
  CINCH_OPERATION Floats load_bf16(const std::uint8_t* from) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(words), 16))};
  }
  CINCH_OPERATION void load_bf16(const std::uint8_t* from, Channels& to) {
    alignas(64) std::uint16_t low[32], high[32];
    for (unsigned i = 0; i < 32; ++i) {
      low[i] = static_cast<std::uint16_t>(i / 2);
      high[i] = static_cast<std::uint16_t>(16 + i / 2);
    }
    for (unsigned i = 0; i < 2; ++i) {
      const __m512i words = _mm512_loadu_si512(from + 64 * i);
      const auto spread = [words](const std::uint16_t* index) {
        return Floats{_mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaa, _mm512_load_si512(index), words))};
      };
      to.part[2 * i] = spread(low);
      to.part[2 * i + 1] = spread(high);
    }
  }
  CINCH_OPERATION void store_bf16(std::uint8_t* to, Floats a) {
    const __m512i rounded = _mm512_add_epi32(_mm512_castps_si512(a.v), _mm512_set1_epi32(0x8000));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
  }
  CINCH_OPERATION void store_bf16(std::uint8_t* to, const Channels& a) {
    alignas(64) std::uint16_t odd[32];
    for (unsigned i = 0; i < 32; ++i) odd[i] = static_cast<std::uint16_t>(2 * i + 1);
    const auto rounded = [&](unsigned i) {
      return _mm512_add_epi32(_mm512_castps_si512(a.part[i].v), _mm512_set1_epi32(0x8000));
    };
    const __m512i high = _mm512_load_si512(odd);
    _mm512_storeu_si512(to, _mm512_permutex2var_epi16(rounded(0), high, rounded(1)));
    _mm512_storeu_si512(to + 64, _mm512_permutex2var_epi16(rounded(2), high, rounded(3)));
  }
  CINCH_OPERATION Floats load_f16(const std::uint8_t* from) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))};
  }
  CINCH_OPERATION void store_f16(std::uint8_t* to, Floats a) {
    const __m512 most = _mm512_set1_ps(65504.0f);
    const __m512 within = _mm512_max_ps(_mm512_min_ps(a.v, most), _mm512_sub_ps(_mm512_setzero_ps(), most));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm512_cvtps_ph(within, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  template <class Small>
  CINCH_OPERATION Floats load_f8(const std::uint8_t* from) {  // through f16, whose exponents cover theirs
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m256i half =
        _mm256_and_si256(_mm256_slli_epi16(_mm256_cvtepi8_epi16(bytes), 10 - Small::mantissa),
                         _mm256_set1_epi16(static_cast<short>(0x8000 | 0x7f << (10 - Small::mantissa))));
    __m512 value = _mm512_mul_ps(_mm512_cvtph_ps(half), _mm512_set1_ps(1 << (15 - Small::bias)));
    if constexpr (!Small::has_infinity) {
      const __mmask16 is_nan = _mm512_cmp_ps_mask(_mm512_abs_ps(value), _mm512_set1_ps(Small::most), _CMP_GT_OQ);
      value = _mm512_mask_mov_ps(value, is_nan, _mm512_set1_ps(__builtin_nanf("")));
    }
    return {value};
  }
  template <class Small>
  CINCH_OPERATION void store_f8(std::uint8_t* to, Floats a) {
    const auto set = [](std::uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); };
    const __m512i bits = _mm512_castps_si512(a.v), size = _mm512_and_si512(bits, set(0x7fffffff));
    const __m512i subnormal = _mm512_sub_epi32(
        _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(size), _mm512_castsi512_ps(set(Small::magic)))),
        set(Small::magic));
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(size, Small::dropped), set(1));
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(size, odd), set(Small::to_rounded));
    const __mmask16 is_subnormal = _mm512_cmplt_epi32_mask(size, set(Small::min_normal));
    const __m512i raw = _mm512_mask_mov_epi32(_mm512_srli_epi32(rounded, Small::dropped), is_subnormal, subnormal);
    const __m512i sign = _mm512_and_si512(_mm512_srli_epi32(bits, 24), set(0x80));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm512_cvtepi32_epi8(_mm512_or_si512(_mm512_min_epu32(raw, set(Small::max_raw)), sign)));
  }
  CINCH_OPERATION Bytes round_to_bytes(const Channels& a) {
    const auto rounded = [&a](unsigned i) {
      return _mm512_cvt_roundps_epi32(a.part[i].v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    };
    return {_mm512_packs_epi16(_mm512_packs_epi32(rounded(0), rounded(1)), _mm512_packs_epi32(rounded(2), rounded(3)))};
  }
  CINCH_OPERATION Bytes arrange(Bytes rounded, const Order& order) {
    return {_mm512_permutexvar_epi8(order.rounded, rounded.v)};
  }
  static constexpr float channel_unit = 0x1p-24f;
  CINCH_OPERATION Bytes unarrange(Bytes lanes, const Order&) { return lanes; }
  template <unsigned part>
  CINCH_OPERATION Floats floats_of(Bytes lanes, const Order& order) {
    return {_mm512_cvtepi32_ps(_mm512_maskz_permutexvar_epi8(0x8888888888888888, order.channel[part], lanes.v))};
  }

 private:
  static constexpr std::uint64_t even_lanes = 0x5555555555555555;

  /// The low byte of every word of `a`, the high byte of every word of `b`.
  CINCH_OPERATION __m512i low_bytes_of(__m512i a, __m512i b) {
    return _mm512_ternarylogic_epi32(_mm512_set1_epi16(255), a, b, 0xca);
  }
  /// Keeps the compiler from folding a load into the next instruction: Zen 4 expands from memory at half the speed.
  CINCH_OPERATION __m512i in_register(__m512i a) {
    asm("" : "+v"(a));
    return a;
  }
  CINCH_OPERATION __m512i even_indexes() {
    alignas(64) std::uint16_t index[32];
    for (unsigned i = 0; i < 32; ++i) index[i] = static_cast<std::uint16_t>(2 * i);
    return _mm512_load_si512(index);
  }
};

}  // namespace cinch::simd

#endif
