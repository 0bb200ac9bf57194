#include "plugins/quant/scheme_search.hpp"

#include <algorithm>
#include <span>

namespace cinch::quant {
namespace {

constexpr std::size_t max_rows = 32;
constexpr std::uint32_t max_heads = 4;
constexpr std::uint32_t min_rotary_dim = 16;
constexpr float min_saved_bits = 0.05f;  // by turning, for every value of a head

bool has_frequencies(const Parameters& parameters) {
  return parameters.theta > 0 || !parameters.inverse_frequencies.empty();
}

/// The bases that are tried; 0 stands for the inverse frequencies of the parameters.
std::span<const double> bases_of(const Parameters& parameters) {
  if (has_frequencies(parameters)) return {&parameters.theta, 1};
  return rotary::usual_bases;
}

/// How many channels of a head turn if that is not searched for; the most there can be if it is.
std::uint16_t rotary_dim_of(const Parameters& parameters, std::uint32_t dim) {
  return static_cast<std::uint16_t>(parameters.rotary_dim > 0 ? parameters.rotary_dim : dim / 2 * 2);
}

}  // namespace

SchemeSearch::SchemeSearch(const Parameters& parameters, const Kernels& kernels)
    : parameters_(parameters),
      kernels_(kernels),
      detector_(
          [&parameters](unsigned rotary_dim) {
            std::vector<std::vector<rotary::Turn>> turns;
            for (const double base : bases_of(parameters)) {
              const RopeScheme scheme{rotary::Pairing::halves, base, static_cast<std::uint16_t>(rotary_dim)};
              turns.push_back(scheme.turns(parameters));
            }
            return turns;
          },
          *kernels.detection) {}

std::optional<RopeScheme> SchemeSearch::find(const Geometry& geometry, const Sampled& sampled) {
  const std::uint16_t most = rotary_dim_of(parameters_, geometry.dim);
  if (parameters_.rope != RopeMode::automatic && has_frequencies(parameters_)) {
    const bool is_halves = parameters_.rope == RopeMode::halves;
    return RopeScheme{is_halves ? rotary::Pairing::halves : rotary::Pairing::interleaved, parameters_.theta, most};
  }
  const rotary::Sample sample = gather_heads(geometry, sampled);
  std::optional<RopeScheme> found = detect(sample, most);
  if (parameters_.rotary_dim > 0) return found;
  for (const std::uint32_t share : {2u, 4u}) {  // half or a quarter of a head's channels may turn
    const std::uint32_t dim = geometry.dim / share;
    if (!found && dim % 2 == 0 && dim >= min_rotary_dim) found = detect(sample, static_cast<std::uint16_t>(dim));
  }
  return found;
}

/// Some rows of some heads, in units of their steps.
rotary::Sample SchemeSearch::gather_heads(const Geometry& geometry, const Sampled& sampled) {
  rows_.clear();
  tokens_.clear();
  inverse_steps_.clear();
  const std::uint32_t heads = std::min(geometry.heads, max_heads);
  const std::size_t stride = std::max<std::size_t>(sampled.count / max_rows, 1);
  for (std::size_t i = 0; i < sampled.count && rows_.size() < max_rows; i += stride) {
    rows_.push_back(sampled.rows[i]);
    tokens_.push_back(sampled.tokens[i]);
    const float* const inverse_steps = sampled.inverse_steps + i * geometry.heads;
    inverse_steps_.insert(inverse_steps_.end(), inverse_steps, inverse_steps + heads);
  }
  const std::size_t count = rows_.size() * heads * geometry.dim;
  constexpr std::size_t beyond = 16;
  values_.resize(count + beyond);
  kernels_.scale_rows({rows_.data(), rows_.size(), heads, inverse_steps_.data(), tokens_.data(), nullptr}, geometry.dim,
                      geometry.element, values_.data());
  return {std::span(values_).first(count), tokens_, heads, geometry.dim};
}

std::optional<RopeScheme> SchemeSearch::detect(const rotary::Sample& sample, std::uint16_t rotary_dim) {
  const rotary::Detected found = detector_.detect(sample, rotary_dim);
  const std::uint32_t even_dim = sample.dim / 2 * 2;
  if (found.pairing == rotary::Pairing::none) return std::nullopt;
  if (found.bits * static_cast<float>(rotary_dim) < min_saved_bits * static_cast<float>(even_dim)) {
    return std::nullopt;
  }
  const bool is_asked = parameters_.rope == RopeMode::automatic ||
                        (parameters_.rope == RopeMode::halves) == (found.pairing == rotary::Pairing::halves);
  if (!is_asked) return std::nullopt;
  return RopeScheme{found.pairing, bases_of(parameters_)[found.candidate], rotary_dim};
}

}  // namespace cinch::quant
