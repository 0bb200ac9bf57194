/// Finds out how K was rotated, from a few of its rows.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "plugins/rotary/phase.hpp"

namespace cinch::rotary {

/// The bases that models use.
inline constexpr std::array usual_bases{1e4, 1e5, 5e5, 1e6, 1e7};

/// Rows of finite values of about the same length: [tokens.size()][heads][dim].
struct Sample {
  std::span<const float> rows;
  std::span<const std::uint64_t> tokens;
  unsigned heads;
  unsigned dim;
};

struct Detected {
  Pairing pairing = Pairing::none;
  std::size_t candidate = 0;  ///< Index of the best one.
  float bits = 0;             ///< Saved for each value by a mean that turns, against one that does not.
};

/// Rows as two planes, the first and the second channel of every pair: [tokens][columns].
struct Planes {
  const float* first;
  const float* second;
  std::size_t tokens;
  std::size_t pairs;    ///< Of one head.
  std::size_t columns;  ///< Of one token: pairs times heads.
};

/// The loops of `Detector::detect`, as a table so that kernels can compile them for their target.
struct DetectionLoops {
  void (*waves)(const Turn* turns, std::uint32_t count, const std::uint64_t* tokens, std::size_t rows, float* waves);
  /// The sum of the squares of both planes, and of both planes' sums over the tokens, for each column.
  void (*still)(const Planes&, float* energy, float* squared_sums);
  /// The same of sums turned back by `waves`: for each token the cosines and the sines of every pair.
  void (*turned)(const Planes&, const float* waves, float* squared_sums);
};

namespace loops {

template <class Target>
void waves(const Turn* turns, std::uint32_t count, const std::uint64_t* tokens, std::size_t rows, float* waves) {
  for (std::size_t i = 0; i < rows; ++i, waves += std::size_t{2} * count) {
    float* const sines = waves + count;
    const std::uint64_t token = tokens[i];
    for (std::uint32_t c = 0; c < count; ++c) {
      float cosine, sine;
      wave_at(turns[c], token, cosine, sine);
      waves[c] = cosine;
      sines[c] = sine;
    }
  }
}

template <class Target>
void still(const Planes& planes, float* energy, float* squared_sums) {
  constexpr std::size_t width = 64;
  for (std::size_t begin = 0; begin < planes.columns; begin += width) {
    const std::size_t count = planes.columns - begin < width ? planes.columns - begin : width;
    float first[width] = {}, second[width] = {}, square[width] = {};
    for (std::size_t t = 0; t < planes.tokens; ++t) {
      const float* const a = planes.first + t * planes.columns + begin;
      const float* const b = planes.second + t * planes.columns + begin;
      for (std::size_t i = 0; i < count; ++i) {
        first[i] += a[i];
        second[i] += b[i];
        square[i] += a[i] * a[i] + b[i] * b[i];
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      energy[begin + i] = square[i];
      squared_sums[begin + i] = first[i] * first[i] + second[i] * second[i];
    }
  }
}

template <class Target>
void turned(const Planes& planes, const float* waves, float* squared_sums) {
  // A few pairs of one head at a time, so that sums stay in registers.
  constexpr std::size_t width = 16;
  const auto some = [&](std::size_t column, std::size_t pair, std::size_t count) __attribute__((always_inline)) {
    float first[width] = {}, second[width] = {};
    for (std::size_t t = 0; t < planes.tokens; ++t) {
      const float* const c = waves + 2 * t * planes.pairs + pair;
      const float* const s = c + planes.pairs;
      const float* const a = planes.first + t * planes.columns + column;
      const float* const b = planes.second + t * planes.columns + column;
      for (std::size_t i = 0; i < count; ++i) {
        first[i] += a[i] * c[i] + b[i] * s[i];
        second[i] += b[i] * c[i] - a[i] * s[i];
      }
    }
    for (std::size_t i = 0; i < count; ++i) squared_sums[column + i] = first[i] * first[i] + second[i] * second[i];
  };
  for (std::size_t head = 0; head < planes.columns; head += planes.pairs) {
    std::size_t pair = 0;
    for (; pair + width <= planes.pairs; pair += width) some(head + pair, pair, width);
    if (pair < planes.pairs) some(head + pair, pair, planes.pairs - pair);
  }
}

}  // namespace loops

template <class Target>
inline constexpr DetectionLoops detection_loops{loops::waves<Target>, loops::still<Target>, loops::turned<Target>};
extern const DetectionLoops min_detection_loops;

/// Searches one sample after another. Values of a cache have one length, and so their samples have the same tokens: the
/// waves of all candidates at these are kept. Threads: one at a time. Deterministic, whatever was looked at before.
class Detector {
 public:
  /// The turns of every pair, for each candidate.
  using Candidates = std::function<std::vector<std::vector<Turn>>(unsigned rotary_dim)>;

  explicit Detector(Candidates candidates, const DetectionLoops& loops = min_detection_loops)
      : candidates_(std::move(candidates)), loops_(loops) {}

  /// The best of all candidates in both pairings; none if even the best saves less than 0.05 bits. Requires: two tokens
  /// at least; `rotary_dim` is even, at most 1024 and not beyond a head's channels.
  Detected detect(const Sample& sample, unsigned rotary_dim);

 private:
  /// Of all candidates, one after the other: for each of tokens_ the cosines and the sines of every pair.
  struct Waves {
    unsigned rotary_dim;
    std::size_t candidates;
    std::vector<float> at;
  };
  static constexpr std::size_t max_waves = 8;

  const Waves& waves_of(std::span<const std::uint64_t> tokens, unsigned rotary_dim);
  Planes split(const Sample& sample, Pairing pairing, std::size_t pairs);
  float saved_bits(std::size_t columns, std::size_t tokens);

  const Candidates candidates_;
  const DetectionLoops& loops_;
  std::vector<std::uint64_t> tokens_;
  std::vector<Waves> waves_;
  // Of the current sample:
  std::vector<float> first_, second_;
  std::vector<float> energy_, still_, turned_, saved_;  // of each column
};

}  // namespace cinch::rotary
