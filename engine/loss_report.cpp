#include "engine/loss_report.hpp"

#include <cmath>

namespace cinch {

LossReport report_of(const LossSums& sums) {
  LossReport report;
  const double squared = sums.squared_error > 0 ? sums.squared_error / sums.squared : 0.0;
  report.relative_error = static_cast<float>(std::sqrt(squared));
  report.worst_row = sums.worst_row;
  report.max_abs = sums.max_abs;
  return report;
}

LossReport combined(const LossReport& first, const LossReport& second) {
  const auto sum = [](float a, float b) { return a + b * (1 + a); };  // the second is relative to what the first left
  return {sum(first.relative_error, second.relative_error), sum(first.worst_row, second.worst_row),
          first.max_abs + second.max_abs};
}

}  // namespace cinch
