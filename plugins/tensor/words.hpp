/// Words taken apart and put together: shared by the kernels of all instruction sets, each of which has its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plugins/tensor/kernels.hpp"

namespace cinch::tensor {
namespace {

/// 64 elements, taken apart: a byte of each part.
template <class T>
struct Parts {
  typename T::Bytes sign;      ///< The top bit; the others may be anything.
  typename T::Bytes exponent;  ///< Shifted.
  typename T::Bytes half;      ///< 0 or 1
  typename T::Bytes low;       ///< The bits that are stored beside whole bytes.
};

template <class T>
CINCH_ALWAYS_INLINE typename T::Bytes and_bits(typename T::Bytes a, std::uint8_t bits) {
  return T::both(a, T::fill(bits));
}

/// Words whose top byte has the sign and most of the exponent, and whose next byte has the rest: those of bf16.
template <class T>
CINCH_ALWAYS_INLINE Parts<T> parts_of_bf16(const std::uint8_t* words) {
  typename T::Bytes low, high;
  T::load_apart(words, low, high);
  return {high, T::either(T::add(high, high), T::template shift_right<7>(low)),
          and_bits<T>(T::template shift_right<6>(low), 1), and_bits<T>(low, 63)};
}

/// Takes words apart and stores their whole low bytes.
template <class T, Layout layout>
CINCH_ALWAYS_INLINE Parts<T> take_apart(const std::uint8_t* words, std::uint8_t* stored) {
  if constexpr (layout == Layout::bf16) {
    return parts_of_bf16<T>(words);
  } else if constexpr (layout == Layout::f32) {
    alignas(64) std::uint8_t high[2 * lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
      std::memcpy(stored + 2 * i, words + 4 * i, 2);
      std::memcpy(high + 2 * i, words + 4 * i + 2, 2);
    }
    return parts_of_bf16<T>(high);
  } else if constexpr (layout == Layout::f16) {
    typename T::Bytes low, high;
    T::load_apart(words, low, high);
    T::store(stored, low);
    return {high, T::add(and_bits<T>(T::template shift_right<2>(high), 31), T::fill(cut<layout>.exponent_shift)),
            and_bits<T>(T::template shift_right<1>(high), 1), and_bits<T>(high, 1)};
  } else {
    constexpr int low_bits = cut<layout>.low_bits;
    constexpr std::uint8_t max_exponent = (1u << cut<layout>.exponent_bits) - 1;
    const typename T::Bytes all = T::load(words);
    return {all,
            T::add(and_bits<T>(T::template shift_right<low_bits + 1>(all), max_exponent),
                   T::fill(cut<layout>.exponent_shift)),
            and_bits<T>(T::template shift_right<low_bits>(all), 1), and_bits<T>(all, (1u << low_bits) - 1)};
  }
}

/// 64 elements as they are decoded, to be put together.
template <class T>
struct DecodedParts {
  typename T::Bytes sign;    ///< The top bit; the others may be anything.
  typename T::Bytes octave;  ///< Of the base: an exponent, shifted.
  typename T::Bytes above;   ///< Half octaves above that.
  typename T::Bytes low;     ///< The bits that are stored beside whole bytes.
};

template <class T, Layout layout>
CINCH_ALWAYS_INLINE void put_together(const DecodedParts<T>& parts, const std::uint8_t* stored, std::uint8_t* words) {
  if constexpr (layout == Layout::bf16) {
    T::store_bf16_of(words, parts.sign, parts.octave, parts.above, parts.low);
  } else if constexpr (layout == Layout::f32) {
    alignas(64) std::uint8_t high[2 * lanes];
    T::store_bf16_of(high, parts.sign, parts.octave, parts.above, parts.low);
    for (std::size_t i = 0; i < lanes; ++i) {
      std::memcpy(words + 4 * i, stored + 2 * i, 2);
      std::memcpy(words + 4 * i + 2, high + 2 * i, 2);
    }
  } else {
    constexpr int low_bits = cut<layout>.low_bits;
    constexpr std::uint8_t max_exponent = (1u << cut<layout>.exponent_bits) - 1;
    const auto shifted = T::add(parts.octave, T::template shift_right<1>(parts.above));
    const auto exponent = and_bits<T>(T::sub(shifted, T::fill(cut<layout>.exponent_shift)), max_exponent);
    const auto half = and_bits<T>(parts.above, 1);
    const auto top = T::either(T::either(and_bits<T>(parts.sign, 128), T::template shift_left<low_bits + 1>(exponent)),
                               T::either(T::template shift_left<low_bits>(half), parts.low));
    if constexpr (layout == Layout::f16) {
      T::store_together(words, T::load(stored), top);
    } else {
      T::store(words, top);
    }
  }
}

/// Lanes of `bits` bits, the first lane lowest.
template <class T, unsigned bits>
CINCH_ALWAYS_INLINE void pack(typename T::Bytes lows, std::uint8_t* to) {
  if constexpr (bits == 6) {
    T::pack_sixes(lows, to);
  } else if constexpr (bits == 1) {
    const std::uint64_t mask = T::template bits<7>(T::template shift_left<7>(lows));
    std::memcpy(to, &mask, 8);
  } else {
    alignas(64) std::uint8_t bytes[lanes];
    T::store(bytes, lows);
    for (std::size_t i = 0; i < lanes; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, bytes + i, 8);
      eight = T::pick_bits(eight, 0x0101010101010101 * ((1u << bits) - 1));
      std::memcpy(to + i / 8 * bits, &eight, bits);
    }
  }
}

template <class T, unsigned bits>
CINCH_ALWAYS_INLINE typename T::Bytes unpack(const std::uint8_t* from) {
  if constexpr (bits == 6) {
    return T::unpack_sixes(from);
  } else if constexpr (bits == 1) {
    std::uint64_t mask;
    std::memcpy(&mask, from, 8);
    return T::spread(mask, 1);
  } else {
    alignas(64) std::uint8_t bytes[lanes];
    for (std::size_t i = 0; i < lanes; i += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, from + i / 8 * bits, bits);
      eight = T::place_bits(eight, 0x0101010101010101 * ((1u << bits) - 1));
      std::memcpy(bytes + i, &eight, 8);
    }
    return T::load(bytes);
  }
}

/// Sign, exponent and first mantissa bit of one word, for the few that are escaped.
template <Layout layout>
std::uint16_t top_of(const std::uint8_t* from) {
  constexpr Cut form = cut<layout>;
  std::uint32_t word = 0;
  std::memcpy(&word, from, form.word_bytes);
  word >>= form.mantissa_bits() - 1;
  constexpr std::uint32_t sign = 2u << form.exponent_bits;
  return static_cast<std::uint16_t>((word & sign ? 0x8000u : 0u) | (word & (sign - 1)));
}

template <Layout layout>
void set_top(std::uint16_t top, std::uint8_t* to) {
  constexpr Cut form = cut<layout>;
  constexpr unsigned low = form.mantissa_bits() - 1;
  constexpr std::uint32_t sign = 2u << form.exponent_bits;
  std::uint32_t word = 0;
  std::memcpy(&word, to, form.word_bytes);
  word = (word & ((1u << low) - 1)) | ((top & (sign - 1)) | (top & 0x8000u ? sign : 0u)) << low;
  std::memcpy(to, &word, form.word_bytes);
}
}  // namespace
}  // namespace cinch::tensor
