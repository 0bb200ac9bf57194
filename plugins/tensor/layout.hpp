/// How the words of an element type are cut: sign, exponent and first mantissa bit are modelled, the rest is stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "cinch/codec_plugin.h"

namespace cinch::tensor {

enum class Layout : std::uint8_t { bf16, f16, f32, e4m3, e5m2 };

/// The layout of a value, or none for types that are no floats of 8, 16 or 32 bits. Untyped bytes are taken for bf16.
inline std::optional<Layout> layout_of(const cinch_shape_v1* shape) {
  if (!shape) return Layout::bf16;
  switch (shape->dtype) {
    case CINCH_DTYPE_BF16: return Layout::bf16;
    case CINCH_DTYPE_F16: return Layout::f16;
    case CINCH_DTYPE_F32: return Layout::f32;
    case CINCH_DTYPE_F8_E4M3: return Layout::e4m3;
    case CINCH_DTYPE_F8_E5M2: return Layout::e5m2;
    default: return std::nullopt;
  }
}

struct Cut {
  unsigned word_bytes;
  unsigned exponent_bits;
  unsigned byte_planes;     ///< Whole low bytes of the mantissa, stored.
  unsigned low_bits;        ///< Bits between those and the first mantissa bit, stored too.
  unsigned exponent_shift;  ///< Added to the exponents of narrow types, so that no base is negative.

  constexpr unsigned mantissa_bits() const { return 8 * byte_planes + low_bits + 1; }
  /// Of 64 elements.
  constexpr std::size_t stored_bytes() const { return 64 * byte_planes + 8 * low_bits; }
};

template <Layout layout>
inline constexpr Cut cut = layout == Layout::bf16   ? Cut{2, 8, 0, 6, 0}
                           : layout == Layout::f16  ? Cut{2, 5, 1, 1, 16}
                           : layout == Layout::f32  ? Cut{4, 8, 2, 6, 0}
                           : layout == Layout::e4m3 ? Cut{1, 4, 0, 2, 16}
                                                    : Cut{1, 5, 0, 1, 16};

/// Calls `body` with the layout as a constant.
template <class Body>
decltype(auto) with_layout(Layout layout, Body&& body) {
  switch (layout) {
    case Layout::bf16: return body.template operator()<Layout::bf16>();
    case Layout::f16: return body.template operator()<Layout::f16>();
    case Layout::f32: return body.template operator()<Layout::f32>();
    case Layout::e4m3: return body.template operator()<Layout::e4m3>();
    default: return body.template operator()<Layout::e5m2>();
  }
}

inline Cut cut_of(Layout layout) {
  return with_layout(layout, []<Layout which>() { return cut<which>; });
}

}  // namespace cinch::tensor
