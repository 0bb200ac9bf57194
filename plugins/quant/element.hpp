/// The element types that quant takes, and how kernels read and write them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "plugins/simd/small_float.hpp"
#include "plugins/simd/target.hpp"

namespace cinch::quant {

enum class Element : std::uint8_t { bf16, f16, f32, f8_e4m3, f8_e5m2 };

constexpr std::size_t size_of(Element element) noexcept {
  return element == Element::f32 ? 4 : element == Element::bf16 || element == Element::f16 ? 2 : 1;
}

/// The largest relative error of rounding a normal value.
constexpr float rounding_of(Element element) noexcept {
  switch (element) {
    case Element::bf16: return 0x1p-8f;
    case Element::f16: return 0x1p-11f;
    case Element::f32: return 0x1p-24f;
    case Element::f8_e4m3: return 0x1p-4f;
    case Element::f8_e5m2: return 0x1p-3f;
  }
  return 1;
}

/// The largest absolute error of rounding a subnormal value. Rows of bf16 and f32 that come near it are stored as they
/// are.
constexpr float subnormal_rounding_of(Element element) noexcept {
  switch (element) {
    case Element::f16: return 0x1p-25f;
    case Element::f8_e4m3: return 0x1p-10f;
    case Element::f8_e5m2: return 0x1p-17f;
    default: return 0;
  }
}

/// 16 elements.
template <class T, Element element>
CINCH_ALWAYS_INLINE typename T::Floats load(const std::uint8_t* from) {
  if constexpr (element == Element::bf16)
    return T::load_bf16(from);
  else if constexpr (element == Element::f16)
    return T::load_f16(from);
  else if constexpr (element == Element::f32)
    return T::load_floats(reinterpret_cast<const float*>(from));
  else if constexpr (element == Element::f8_e4m3)
    return T::template load_f8<simd::E4m3>(from);
  else
    return T::template load_f8<simd::E5m2>(from);
}

/// 64 elements.
template <class T, Element element>
CINCH_ALWAYS_INLINE void load(const std::uint8_t* from, typename T::Channels& to) {
  if constexpr (element == Element::bf16) {
    T::load_bf16(from, to);
  } else {
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; ++i) to.part[i] = load<T, element>(from + std::size_t{16} * i * size_of(element));
  }
}

/// Rounds to the nearest. Requires: finite, and in range for bf16.
template <class T, Element element>
CINCH_ALWAYS_INLINE void store(std::uint8_t* to, typename T::Floats a) {
  if constexpr (element == Element::bf16)
    T::store_bf16(to, a);
  else if constexpr (element == Element::f16)
    T::store_f16(to, a);
  else if constexpr (element == Element::f32)
    T::store_floats(reinterpret_cast<float*>(to), a);
  else if constexpr (element == Element::f8_e4m3)
    T::template store_f8<simd::E4m3>(to, a);
  else
    T::template store_f8<simd::E5m2>(to, a);
}

/// 64 elements.
template <class T, Element element>
CINCH_ALWAYS_INLINE void store(std::uint8_t* to, const typename T::Channels& a) {
  if constexpr (element == Element::bf16) {
    T::store_bf16(to, a);
  } else {
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; ++i) store<T, element>(to + std::size_t{16} * i * size_of(element), a.part[i]);
  }
}

}  // namespace cinch::quant
