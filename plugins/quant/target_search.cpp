#include "plugins/quant/target_search.hpp"

#include <algorithm>

#include "plugins/quant/steps.hpp"

namespace cinch::quant {
namespace {

// What the engine's frame adds to plan, parameters and blocks, generously; what it stores raw begins where elements are
// aligned.
constexpr std::uint64_t frame_bytes = 256, index_bytes = 24, max_padding = 63;

std::uint64_t stored_size(const Parameters& parameters, const Geometry& geometry, Planner& planner,
                          BlockEncoder& encoder, std::span<const std::uint8_t> value, const HostFrame& frame,
                          float error) {
  std::vector<std::uint8_t> plan_bytes;
  planner.plan(geometry, value, error).write(plan_bytes);
  const Plan plan(parameters, geometry, plan_bytes, planner.kernels());
  const std::uint64_t plane_bytes = geometry.tokens * geometry.token_bytes();
  const std::uint64_t planes_at_once = std::clamp<std::uint64_t>(frame.block_bytes / plane_bytes, 1, geometry.planes);
  const std::uint64_t tokens_at_once =
      std::clamp<std::uint64_t>(frame.block_bytes / geometry.token_bytes(), 1, geometry.tokens);
  std::vector<std::uint8_t> to;
  std::uint64_t size = frame_bytes + frame.parameter_bytes + plan_bytes.size();
  for (std::uint64_t plane = 0; plane < geometry.planes; plane += planes_at_once) {
    const std::uint64_t planes = std::min(planes_at_once, geometry.planes - plane);
    for (std::uint64_t token = 0; token < geometry.tokens; token += tokens_at_once) {
      const std::uint64_t tokens = std::min(tokens_at_once, geometry.tokens - token);
      const std::size_t bytes = planes * tokens * geometry.token_bytes();
      to.resize(bytes + encoder_slack);
      const auto block = value.subspan((plane * geometry.tokens + token) * geometry.token_bytes(), bytes);
      const auto encoded = encoder.encode(plan, parameters, {plane, planes, token, tokens}, block, to);
      const bool pays = encoded && *encoded + bytes / 64 + 4 < bytes;  // as the host has it, see CINCH_DECLINED
      size += index_bytes + (pays ? *encoded : bytes + max_padding);
    }
  }
  return size;
}

}  // namespace

std::optional<float> error_for_target(const Parameters& parameters, const Geometry& geometry, Planner& planner,
                                      BlockEncoder& encoder, std::span<const std::uint8_t> value, HostFrame frame) {
  if (frame.block_bytes == 0) frame.block_bytes = value.size();
  // Errors are min_error * 2^(i / 64), of three decimals' accuracy.
  const auto error_at = [](int i) {
    float error = static_cast<float>(min_error) * step_of(i / 64 * 4);
    for (int k = 0; k < i % 64; ++k) error *= 1.01088929f;
    return std::min(error, static_cast<float>(max_error));
  };
  const auto fits = [&](int i) {
    const std::uint64_t size = stored_size(parameters, geometry, planner, encoder, value, frame, error_at(i));
    return static_cast<double>(size) * static_cast<double>(parameters.target) <= static_cast<double>(value.size());
  };
  int fails = -1, works = 64 * 10;
  if (!fits(works)) return std::nullopt;
  while (works - fails > 1) {
    const int middle = (works + fails) / 2;
    (fits(middle) ? works : fails) = middle;
  }
  return error_at(works);
}

}  // namespace cinch::quant
