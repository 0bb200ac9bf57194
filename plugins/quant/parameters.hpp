/// The parameters of quant, read and checked.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "cinch/codec_plugin_options.hpp"
#include "plugins/quant/block.hpp"
#include "plugins/rotary/phase.hpp"

namespace cinch::quant {

inline constexpr double min_error = 0.001, max_error = 0.9;

enum class RopeMode : std::uint8_t { automatic, none, halves, interleaved };

struct Parameters {
  float error = 0;          ///< 0 with a target.
  float first_error = 0;    ///< 0: a quarter of the error.
  float target = 0;         ///< 0: none.
  std::uint64_t first = 0;  ///< Tokens that have `first_error`.
  RopeMode rope = RopeMode::automatic;
  double theta = 0;                         ///< 0: one of the usual bases.
  std::uint32_t rotary_dim = 0;             ///< 0: the whole head, or the part of it that `automatic` finds.
  std::vector<double> inverse_frequencies;  ///< Radians per token of every pair; empty: by theta.

  /// Throws `Failure` (PARAMS_UNSUPPORTED) that names the parameter.
  explicit Parameters(const plugin::Options& options);

  /// Refuses parameters that contradict each other in a user's spec; stored values may have such. Throws as above.
  static void check(const plugin::Options& options);

  /// Throws `Failure` (INVALID_ARG) if heads of `dim` channels cannot have these.
  void check_head(std::uint32_t dim) const;

  static constexpr std::array table{
      plugin::Parameter::decimal("error", min_error, max_error, 0.1),
      plugin::Parameter::integer("first", 0, 1'000'000, 4),
      plugin::Parameter::decimal("first_error", 0.0002, max_error, 0),
      plugin::Parameter::text("inv_freq", ""),
      plugin::Parameter::text("rope", "auto", "auto/none/halves/interleaved"),
      plugin::Parameter::integer("rotary_dim", 0, max_dim, 0),
      plugin::Parameter::decimal("target", 1.1, 100, 0),
      plugin::Parameter::decimal("theta", 2, 1e12, 0),
  };

  float first_error_at(float with_error) const noexcept {
    return first_error > 0 ? std::min(first_error, with_error) : with_error / 4;
  }
};

}  // namespace cinch::quant
