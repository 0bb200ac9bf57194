/// From an error to the steps that keep it.
#pragma once

#include "plugins/quant/block.hpp"

namespace cinch::quant {

/// The square of a row's step, relative to the row's: a row whose values are all off by half a step has sqrt(3) times
/// `error`. What rounding the decoded values adds is taken off first; no rounding can more than double what quantising
/// did, because the original is one of the values that are rounded to, so that half the step is always fine enough.
inline float precision_of(float error, std::uint32_t dim, Element element) {
  constexpr float sqrt3 = 1.7320508f;
  const float most = sqrt3 * error;
  const float subnormals = subnormal_rounding_of(element) > 0 ? 1.0f / 64 : 0;
  // Rows of bf16 whose values are all off by half a step, and then all rounded away, are not met with; to allow for
  // them would cost 0.7 % of ratio. Half is allowed for where they exceed the bound by less than 2 % of it.
  const float rounding = element == Element::bf16 && error >= 0.06f ? rounding_of(element) / 2 : rounding_of(element);
  const float left = 1 - subnormals - rounding * (1 + most) / most;
  const float factor = left < 0.5f ? 0.5f : left;
  const float step = factor * error * (1 - 1.0f / 2048);  // sums of floats are not exact
  return step * step * 12 / static_cast<float>(dim);
}

/// Rows of which quantising's own limit (the square of a step) is below this may be so small that their values are
/// subnormal, and rounding takes more than a 64th of the error: half the step for them.
inline float least_square_of(Element element) {
  const float rounding = subnormal_rounding_of(element);
  return 12 * 64 * 64 / 3.0f * rounding * rounding;
}

}  // namespace cinch::quant
