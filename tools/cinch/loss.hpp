/// What lossy codecs changed, as the commands show it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/frame_info.hpp"
#include "json_writer.hpp"

namespace cinch::tool {

/// The loss of several values together: the root mean square of their relative errors, weighted by their bytes, and the
/// largest of the rest. Values that lost nothing count.
class LossTotals {
 public:
  void add(const FrameInfo& info);

  /// Nothing when no value lost anything.
  std::optional<LossReport> report() const;

 private:
  double bytes_ = 0;
  double squared_ = 0;
  std::optional<LossReport> worst_;
};

/// `"loss": {…}`, or null.
void write_loss(JsonWriter& json, const std::optional<LossReport>& loss);

/// Cells for the columns of `loss_headings`.
std::vector<std::string> loss_cells(const std::optional<LossReport>& loss);
inline constexpr std::array<std::string_view, 3> loss_headings = {">error", ">worst row", ">max abs"};

}  // namespace cinch::tool
