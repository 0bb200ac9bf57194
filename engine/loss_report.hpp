/// What lossy coding cost, as frames report it.
#pragma once

#include "cinch/codec.hpp"
#include "cinch/frame_info.hpp"

namespace cinch {

LossReport report_of(const LossSums& sums);

/// Upper bounds for a value that lost `first`, and then, relative to what was left, `second`.
LossReport combined(const LossReport& first, const LossReport& second);

}  // namespace cinch
