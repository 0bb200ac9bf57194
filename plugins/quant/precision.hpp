/// From an error to the steps that keep it.
#pragma once

#include "plugins/quant/block.hpp"

namespace cinch::quant {

/// A row whose values are all off by half a step has sqrt(3) times `error` where its step is the safe one; what
/// rounding the decoded values adds is taken off first. No rounding can more than double what quantising did, because
/// the original is one of the values that are rounded to, so that half the step is always safe.
///
/// But values are off by anything up to half a step, and of steps that are rounded down to the grid the mean error is
/// nine hundredths less than `error`. Rounded up, some are more than rows bear in theory: such a step is taken where a
/// row's first channels show that it would bear it if the others were all off by half of it.
inline StepLimits limits_of(float error, std::uint32_t dim, Element element) {
  constexpr float inexact = 1 - 1.0f / 2048;  // sums of floats are
  const float most = 1.7320508f * error, rounding = rounding_of(element);
  const float subnormals = subnormal_rounding_of(element) > 0 ? 1.0f / 64 : 0;
  const float left = (1 - subnormals - rounding * (1 + most) / most) * inexact;
  const float channels = static_cast<float>(dim), safe = left < 0.5f ? 0.5f * inexact : left;
  StepLimits made{};
  made.safe = made.wanted = safe * safe * error * error * 12 / channels;
  if (left < 0.5f) return made;
  made.allowed = left * left * most * most;
  // Steps rounded to the nearest quarter of an octave, for a mean of 0.95 errors: three rows of ten have a step that is
  // not safe, and a quarter of the channels speaks for nearly all of them. What rounding adds, squared, is about 0.4 of
  // its most.
  const float noise = 0.4f * rounding;
  const float wanted = (0.95f * 0.95f * error * error - noise * noise) * 12 / channels * (1.1892071f / 1.00503f);
  // The fewest channels to look at, so that with a quarter of a squared step for each of the others, the most there can
  // be, the budget exceeds what is expected of those looked at, a twelfth each, by four standard deviations.
  for (std::uint32_t checked = 16; made.checked == 0 && checked < dim + 16; checked += 16) {
    const float looked_at = static_cast<float>(checked < dim ? checked : dim);
    const float over = made.allowed / wanted - (channels - looked_at) / 4 - looked_at / 12;
    if (over > 0 && over * over > 0.09f * looked_at) made.checked = checked;
  }
  if (made.checked != 0 && wanted > made.safe) made.wanted = wanted;
  return made;
}

/// If a row's limit for quantising (the square of a step) is below this, its values may be so small that they are
/// subnormal and rounding takes more than a 64th of the error; such rows take half the step.
inline float min_square_of(Element element) {
  const float rounding = subnormal_rounding_of(element);
  return 12 * 64 * 64 / 3.0f * rounding * rounding;
}

}  // namespace cinch::quant
