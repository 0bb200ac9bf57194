// Rotary phases, the rotated mean, and its detection.
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>
#include <random>

#include "plugins/rotary/detection.hpp"
#include "plugins/rotary/tile_mean.hpp"
#include "plugins/simd/scalar.hpp"

namespace cinch::test {
namespace {

using rotary::Pairing;
using rotary::Turn;
using rotary::turns_of;

TEST(PhaseTest, AnglesAreThoseOfTheModel) {
  for (const double base : {1e4, 1e5, 5e5, 1e6, 8e6, 2.0}) {
    for (const unsigned dim : {32u, 64u, 128u, 256u}) {
      const std::vector<Turn> turns = turns_of(base, dim);
      ASSERT_EQ(turns.size(), dim / 2);
      for (unsigned pair = 0; pair < dim / 2; ++pair) {
        const double expected = std::pow(base, -2.0 * pair / dim) / (2 * std::numbers::pi);
        const double found = static_cast<double>(turns[pair]) * 0x1p-64;
        EXPECT_NEAR(found, expected, expected * 1e-14 + 1e-18) << base << " " << pair;
      }
    }
  }
  EXPECT_EQ(rotary::turn_of_radians(0), 0u);
  EXPECT_NEAR(static_cast<double>(rotary::turn_of_radians(100.0)) * 0x1p-64, std::fmod(100 / (2 * std::numbers::pi), 1),
              1e-13);
}

TEST(PhaseTest, WavesAreSinesAndCosines) {
  std::mt19937_64 random(1);
  for (unsigned round = 0; round < 20000; ++round) {
    const Turn turn = random();
    const std::uint64_t token = round % 3 == 0 ? 1 : random() % 2'000'000;
    float cosine, sine;
    rotary::wave_at(turn, token, cosine, sine);
    const double angle = static_cast<double>(turn * token) * 0x1p-63 * std::numbers::pi;
    ASSERT_NEAR(cosine, std::cos(angle), 4e-7) << angle;
    ASSERT_NEAR(sine, std::sin(angle), 4e-7) << angle;
  }
}

TEST(PhaseTest, AreTheSameEverywhere) {
  // FNV-1a of what every machine has to compute.
  std::uint64_t hash = 14695981039346656037u;
  const auto add = [&hash](std::uint64_t bits) { hash = (hash ^ bits) * 1099511628211u; };
  for (const double base : {1e4, 1e5, 5e5, 1e6}) {
    const std::vector<Turn> turns = turns_of(base, 128);
    for (const Turn turn : turns) add(turn);
    float cosines[64], sines[64];
    for (std::uint64_t token = 0; token < 5000; token += 7) {
      for (unsigned i = 0; i < 64; ++i) rotary::wave_at(turns[i], token, cosines[i], sines[i]);
      for (unsigned i = 0; i < 64; ++i) {
        add(std::bit_cast<std::uint32_t>(cosines[i]));
        add(std::bit_cast<std::uint32_t>(sines[i]));
      }
    }
  }
  EXPECT_EQ(hash, 10067214211799997934u);
}

/// Gaussian rows around a mean that turns.
std::vector<float> turning_rows(Pairing pairing, double base, std::span<const std::uint64_t> tokens, unsigned heads,
                                unsigned dim, double mean_size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> mean(heads * dim);
  for (double& m : mean) m = mean_size * normal(random);
  std::vector<float> out;
  for (const std::uint64_t token : tokens) {
    for (unsigned head = 0; head < heads; ++head) {
      std::vector<double> row(&mean[head * dim], &mean[head * dim] + dim);
      for (unsigned pair = 0; pair < dim / 2 && pairing != Pairing::none; ++pair) {
        const unsigned a = pairing == Pairing::halves ? pair : 2 * pair;
        const unsigned b = pairing == Pairing::halves ? pair + dim / 2 : 2 * pair + 1;
        const double angle = static_cast<double>(token) * std::pow(base, -2.0 * pair / dim);
        const double first = row[a] * std::cos(angle) - row[b] * std::sin(angle);
        row[b] = row[a] * std::sin(angle) + row[b] * std::cos(angle);
        row[a] = first;
      }
      for (const double value : row) out.push_back(static_cast<float>(value + normal(random)));
    }
  }
  return out;
}

TEST(RotationTest, PredictsWhatTurns) {
  for (const Pairing pairing : {Pairing::halves, Pairing::interleaved}) {
    for (const auto& [dim, rotary_dim] : {std::pair{64u, 64u}, {80u, 80u}, {72u, 72u}, {128u, 32u}, {256u, 256u}}) {
      const rotary::Rotation rotation(pairing, turns_of(1e4, rotary_dim), dim,
                                      {rotary::min_detection_loops.waves, simd::ascending});
      std::vector<float> mean(dim);
      for (unsigned c = 0; c < dim; ++c) mean[c] = rotary::round_to_bits(static_cast<float>(c % 13) - 5.7f, 8);
      const unsigned padded = rotary::padded(dim);
      std::vector<float> partner(padded), turned(padded), partners(padded);
      for (unsigned c = 0; c < dim; ++c) partner[c] = rotation.partner_of(mean, c);
      mean.resize(padded);
      rotary::TileWaves waves;
      for (const std::uint64_t token : {0u, 1u, 63u, 64u, 1000u, 5461u}) {
        waves.turn_to<simd::Scalar>(rotation.channel_turns(), rotation.period(), token / 64 * 64);
        rotary::turn_mean<simd::Scalar>(mean.data(), partner.data(), padded, waves.cosine, waves.sine,
                                        rotation.period(), turned.data(), partners.data());
        const float* cosines = rotation.cosines(token % 64);
        const float* sines = rotation.sines(token % 64);
        for (unsigned pair = 0; pair < rotary_dim / 2; ++pair) {
          const double angle = static_cast<double>(token) * std::pow(1e4, -2.0 * pair / rotary_dim);
          const unsigned a = rotation.first_of(pair), b = rotation.second_of(pair);
          const auto at = [&](unsigned c) {
            return turned[c] * cosines[c % rotation.period()] + partners[c] * sines[c % rotation.period()];
          };
          ASSERT_NEAR(at(a), mean[a] * std::cos(angle) - mean[b] * std::sin(angle), 0.005) << dim << " " << token;
          ASSERT_NEAR(at(b), mean[a] * std::sin(angle) + mean[b] * std::cos(angle), 0.005) << dim << " " << token;
        }
        for (unsigned c = rotary_dim; c < dim; ++c) {
          ASSERT_EQ(turned[c] * cosines[c % rotation.period()] + partners[c] * sines[c % rotation.period()], mean[c]);
        }
      }
    }
  }
}

std::vector<std::vector<Turn>> usual_candidates(unsigned rotary_dim) {
  std::vector<std::vector<Turn>> candidates;
  for (const double base : rotary::usual_bases) candidates.push_back(turns_of(base, rotary_dim));
  return candidates;
}

std::vector<std::uint64_t> every(std::uint64_t step) {
  std::vector<std::uint64_t> tokens;
  for (std::uint64_t i = 0; i < 32; ++i) tokens.push_back(i * step);
  return tokens;
}

TEST(DetectionTest, FindsBaseAndPairing) {
  const std::vector<std::uint64_t> tokens = every(29);
  rotary::Detector detector(usual_candidates);
  for (const unsigned dim : {64u, 128u, 256u}) {
    for (std::size_t b = 0; b < rotary::usual_bases.size(); ++b) {
      for (const Pairing pairing : {Pairing::halves, Pairing::interleaved}) {
        const std::vector<float> rows = turning_rows(pairing, rotary::usual_bases[b], tokens, 2, dim, 1, b);
        const rotary::Detected found = detector.detect({rows, tokens, 2, dim}, dim);
        EXPECT_EQ(found.pairing, pairing);
        EXPECT_EQ(found.candidate, b);
      }
    }
    const std::vector<float> still = turning_rows(Pairing::none, 1, tokens, 2, dim, 1, 77);
    EXPECT_EQ(detector.detect({still, tokens, 2, dim}, dim).pairing, Pairing::none);
    const std::vector<float> noise = turning_rows(Pairing::none, 1, tokens, 2, dim, 0, 78);
    EXPECT_EQ(detector.detect({noise, tokens, 2, dim}, dim).pairing, Pairing::none);
  }
}

TEST(DetectionTest, DoesNotDependOnWhatWasLookedAtBefore) {
  rotary::Detector kept(usual_candidates);
  std::uint64_t seed = 0;
  for (unsigned round = 0; round < 2; ++round) {
    for (const std::uint64_t step : {29u, 31u}) {
      const std::vector<std::uint64_t> tokens = every(step);
      for (unsigned dim = 32; dim <= 512; dim += 48) {  // more than it keeps waves of
        const std::vector<float> rows = turning_rows(Pairing::halves, 1e6, tokens, 1, dim, 1, ++seed);
        for (const unsigned rotary_dim : {dim, dim / 2}) {
          const rotary::Sample sample{rows, tokens, 1, dim};
          const rotary::Detected found = kept.detect(sample, rotary_dim);
          const rotary::Detected expected = rotary::Detector(usual_candidates).detect(sample, rotary_dim);
          ASSERT_EQ(found.pairing, expected.pairing) << dim << " " << rotary_dim;
          ASSERT_EQ(found.candidate, expected.candidate);
          ASSERT_EQ(found.bits, expected.bits);
        }
      }
    }
  }
}

}  // namespace
}  // namespace cinch::test
