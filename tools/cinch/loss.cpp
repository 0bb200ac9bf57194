#include "loss.hpp"

#include <algorithm>
#include <cmath>

#include "output.hpp"

namespace cinch::tool {

void LossTotals::add(const FrameInfo& info) {
  const auto bytes = static_cast<double>(info.decoded_bytes);
  bytes_ += bytes;
  if (!info.loss) return;
  const double error = double{info.loss->relative_error};
  squared_ += error * error * bytes;
  if (!worst_) worst_.emplace();
  worst_->worst_row = std::max(worst_->worst_row, info.loss->worst_row);
  worst_->max_abs = std::max(worst_->max_abs, info.loss->max_abs);
}

std::optional<LossReport> LossTotals::report() const {
  std::optional<LossReport> report = worst_;
  if (report && bytes_ > 0) report->relative_error = static_cast<float>(std::sqrt(squared_ / bytes_));
  return report;
}

void write_loss(JsonWriter& json, const std::optional<LossReport>& loss) {
  json.name("loss");
  if (!loss) {
    json.null();
    return;
  }
  json.begin_object().field("relative_error", double{loss->relative_error});
  json.field("worst_row", double{loss->worst_row}).field("max_abs", double{loss->max_abs}).end_object();
}

std::vector<std::string> loss_cells(const std::optional<LossReport>& loss) {
  if (!loss) return {"-", "-", "-"};
  return {fixed(double{loss->relative_error}, 4), fixed(double{loss->worst_row}, 4), significant(loss->max_abs)};
}

}  // namespace cinch::tool
