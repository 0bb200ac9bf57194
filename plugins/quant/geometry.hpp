/// A value as planes of tokens of heads.
#pragma once

#include <cstdint>

#include "cinch/codec_plugin.h"
#include "plugins/quant/block.hpp"

namespace cinch::quant {

struct Geometry {
  Element element = Element::bf16;
  std::uint64_t planes = 0;
  std::uint64_t tokens = 0;
  std::uint32_t heads = 0;
  std::uint32_t dim = 0;
  std::uint64_t outermost = 0;  ///< The first dimension, if several count planes; else 1.

  /// Throws `Failure` that says what quant takes: VALUE_UNSUPPORTED for what it never can, INVALID_ARG if
  /// something is missing that the user knows.
  explicit Geometry(const cinch_shape_v1* shape);

  /// Refuses to encode values with very many heads of very few tokens, which could be decoded: what is stored for each
  /// head would not pay, and would take more memory than the tokens. Most likely the token axis is wrong. Throws
  /// `Failure` (VALUE_UNSUPPORTED).
  void check_worth() const;

  std::uint64_t row_bytes() const noexcept { return dim * size_of(element); }
  std::uint64_t token_bytes() const noexcept { return heads * row_bytes(); }
  std::uint64_t bytes() const noexcept { return planes * tokens * token_bytes(); }
};

}  // namespace cinch::quant
