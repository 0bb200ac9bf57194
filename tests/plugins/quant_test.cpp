// quant on every path that this machine has: the bound of every row, the same bytes, and what it takes and refuses.
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>
#include <random>
#include <stdexcept>

#include "tests/plugins/quant_values.hpp"

namespace cinch::test {
namespace {

constexpr double bound = 1.7320509;  // sqrt(3)

struct Case {
  std::string name;
  ValueFunction function;
};

/// Values from kind to unkind; some depend on the order in which they are asked for.
std::vector<Case> cases(std::uint64_t seed) {
  const auto random = std::make_shared<std::mt19937_64>(seed);
  const auto normal = [random] {
    std::normal_distribution<float> n;
    return n(*random);
  };
  const auto turning = [normal](double base) {
    return [normal, base](std::uint64_t, std::uint64_t t, std::uint64_t h, std::uint64_t c) {
      const double angle = static_cast<double>(t) * std::pow(base, -2.0 * static_cast<double>(c % 32) / 64) +
                           static_cast<double>(h + c % 32);
      return static_cast<float>(3 * (c % 64 < 32 ? std::cos(angle) : std::sin(angle))) + normal();
    };
  };
  return {
      {"gauss", [normal](auto, auto, auto, auto) { return normal(); }},
      {"turning", turning(1e4)},
      {"uneven channels", [normal](auto, auto, auto, auto c) { return normal() * static_cast<float>(1 + c % 29); }},
      {"outlier channel", [normal](auto, auto, auto, auto c) { return c == 7 ? 80 + normal() : normal() / 8; }},
      {"sinks",
       [normal](auto, auto t, auto, auto c) { return t % 50 == 0 ? (c == 3 ? 200.0f : normal() / 100) : normal(); }},
      {"constant", [](auto, auto, auto, auto) { return 1.5f; }},
      {"halfway",
       [](auto, auto t, auto, auto c) { return (c % 2 == 0 ? 1.0f : -1.0f) * (1 + static_cast<float>(t % 97) / 97); }},
      {"one value", [](auto, auto t, auto, auto c) { return c == t % 11 ? 5.0f : 0.0f; }},
      {"zeros", [](auto, auto, auto, auto) { return 0.0f; }},
      {"zero rows", [normal](auto, auto t, auto h, auto) { return (t + h) % 3 == 0 ? 0.0f : normal(); }},
      {"wild norms",
       [normal](auto, auto t, auto, auto) { return normal() * std::ldexp(1.0f, static_cast<int>(t * 7 % 23) - 12); }},
      {"wild values",
       [normal, random](auto, auto, auto, auto) {
         return normal() * std::ldexp(1.0f, static_cast<int>((*random)() % 30) - 20);
       }},
      {"mean far off", [normal](auto, auto t, auto, auto) { return t % 9 == 0 ? normal() / 5000 : 30 + normal(); }},
      {"subnormal", [normal](auto, auto, auto, auto) { return normal() * 3e-7f; }},
      {"not finite",
       [normal](auto, auto t, auto h, auto c) {
         if (t % 13 == 5 && c == 2) return std::numeric_limits<float>::quiet_NaN();
         if (t % 17 == 3 && h == 0 && c == 31) return -std::numeric_limits<float>::infinity();
         return normal();
       }},
      {"tiny and huge", [normal](auto, auto t, auto, auto) { return normal() * (t % 2 == 0 ? 1e-30f : 1e28f); }},
  };
}

/// The function of one of the cases.
ValueFunction case_named(std::string_view name, std::uint64_t seed) {
  for (const Case& each : cases(seed)) {
    if (each.name == name) return each.function;
  }
  throw std::invalid_argument(std::string(name));
}

/// Encodes and decodes on every path: all agree, and every row keeps its bound.
Encoded expect_bound(const cinch_shape_v1& shape, const Bytes& value, const std::string& parameters, double error,
                     std::uint64_t block_tokens = 0) {
  const Encoded expected = encode(*quant_paths()[0], parameters, shape, value, block_tokens);
  for (const quant::Kernels* path : quant_paths()) {
    SCOPED_TRACE(simd::name_of(path->target));
    EXPECT_TRUE(encode(*path, parameters, shape, value, block_tokens) == expected);
    const Bytes back = decode(*path, parameters, shape, expected, value);
    EXPECT_LE(worst_row(shape, value, back, error), bound);
    EXPECT_EQ(back, decode(*quant_paths()[0], parameters, shape, expected, value));
  }
  return expected;
}

TEST(QuantTest, KeepsTheBoundOfEveryRow) {
  for (const std::uint16_t dtype : all_float_dtypes) {
    const cinch_shape_v1 shape = shape_of(dtype, {150, 3, 64}, 0);
    for (const Case& each : cases(dtype)) {
      const Bytes value = make_value(shape, each.function);
      for (const char* error : {"0.001", "0.004", "0.02", "0.1", "0.35", "0.9"}) {
        SCOPED_TRACE(each.name + ", type " + std::to_string(dtype) + ", error " + error);
        expect_bound(shape, value, std::string("error=") + error, std::stod(error));
      }
    }
  }
}

TEST(QuantTest, KeepsTheBoundOfRowsThatAreOffByHalfAStepEverywhere) {
  std::mt19937_64 random(3);
  for (const std::uint16_t dtype : all_float_dtypes) {
    for (const std::uint64_t dim : {64u, 256u}) {
      for (double error = 0.011; error < 0.9; error *= 1.13) {
        for (const bool turns : {false, true}) {
          SCOPED_TRACE("type " + std::to_string(dtype) + ", dim " + std::to_string(dim) + ", error " +
                       std::to_string(error) + (turns ? ", turning" : ""));
          // All values of a row are as far from the mean, and each row's a thousandth farther: some are an odd number
          // of half steps.
          const auto halves = [&](auto, auto t, auto, auto c) {
            const double pair = static_cast<double>(c % (dim / 2));
            const double angle = static_cast<double>(t) * std::pow(1e4, -2 * pair / static_cast<double>(dim)) + pair;
            const double mean = turns ? c < dim / 2 ? std::cos(angle) : std::sin(angle) : 0;
            // One row of six is sampled, and what is sampled has to have this mean.
            const bool is_above = turns ? (t / 6 + c) % 2 == 0 : random() % 2 == 0;
            return static_cast<float>(2 * mean + (is_above ? 1 : -1) * std::pow(1.001, t));
          };
          const cinch_shape_v1 shape = shape_of(dtype, {400, 1, dim}, 0);
          expect_bound(shape, make_value(shape, halves), "error=" + std::to_string(error), error);
        }
      }
    }
  }
}

TEST(QuantTest, CodesRowsThatAreLittleBesideTheirMeanAtEveryError) {
  std::mt19937_64 random(7);
  std::normal_distribution<float> normal;
  const auto near_mean = [&](auto, auto, auto h, auto c) {
    return (c % 2 == 0 ? 1.0f : -1.0f) * static_cast<float>(4 + (c + h) % 7) + normal(random) / 4;
  };
  for (const std::uint16_t dtype : all_float_dtypes) {
    for (const std::uint64_t dim : {64u, 128u}) {
      const cinch_shape_v1 shape = shape_of(dtype, {200, 2, dim}, 0);
      const Bytes value = make_value(shape, near_mean);
      std::size_t finer = 2 * value.size();
      for (const char* error : {"0.001", "0.0015", "0.002", "0.0023", "0.003", "0.005", "0.01", "0.02", "0.05", "0.1",
                                "0.2", "0.4", "0.6", "0.9"}) {
        SCOPED_TRACE("type " + std::to_string(dtype) + ", dim " + std::to_string(dim) + ", error " + error);
        const Encoded encoded = expect_bound(shape, value, std::string("error=") + error, std::stod(error));
        if (element_bytes(dtype) == 1) continue;  // fine errors take more than a byte
        EXPECT_FALSE(encoded.blocks.at(0).empty());
        EXPECT_LT(encoded.size(), value.size() * 3 / 4);
        EXPECT_LE(encoded.size(), finer + value.size() / 500);
        finer = encoded.size();
      }
    }
  }
}

TEST(QuantTest, TakesEveryHeadAndEveryTail) {
  const std::vector<Case> all = cases(5);
  for (const std::uint64_t dim :
       {32u, 33u, 40u, 48u, 64u, 72u, 80u, 96u, 100u, 112u, 127u, 128u, 192u, 256u, 511u, 512u}) {
    for (const auto& [tokens, heads] : {std::pair{1u, 1u}, {2u, 3u}, {63u, 1u}, {64u, 2u}, {65u, 1u}, {131u, 2u}}) {
      const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {tokens, heads, dim}, 0);
      for (const std::size_t i : {1u, 2u, 9u, 14u}) {
        SCOPED_TRACE(all[i].name + " " + std::to_string(tokens) + "x" + std::to_string(heads) + "x" +
                     std::to_string(dim));
        expect_bound(shape, make_value(shape, all[i].function), "error=0.15", 0.15, tokens > 64 ? 61 : 0);
      }
    }
  }
}

TEST(QuantTest, TakesPlanes) {
  for (const std::vector<std::uint64_t>& dims : std::vector<std::vector<std::uint64_t>>{
           {2, 3, 40, 2, 64}, {2, 9, 16, 2, 32}, {5, 1, 4, 128}, {1, 300, 1, 64}, {7, 7, 3, 3, 48}}) {
    const auto axis = static_cast<std::uint8_t>(dims.size() - 3);
    for (const std::uint16_t dtype : {std::uint16_t{CINCH_DTYPE_BF16}, std::uint16_t{CINCH_DTYPE_F32}}) {
      const cinch_shape_v1 shape = shape_of(dtype, dims, axis);
      for (const Case& each : cases(dims.size())) {
        SCOPED_TRACE(each.name);
        const Bytes value = make_value(shape, each.function);
        expect_bound(shape, value, "error=0.1", 0.1);
        expect_bound(shape, value, "error=0.1", 0.1, 7);
      }
    }
  }
}

TEST(QuantTest, MakesWhatItPromisesSmaller) {
  const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {1024, 3, 64}, 0);
  const auto bits = [&](std::string_view name, const std::string& parameters) {
    const Bytes value = make_value(shape, case_named(name, 1));
    return static_cast<double>(encode(quant::best_kernels(), parameters, shape, value).size()) * 8 / (1024 * 3 * 64);
  };
  // Gaussian of 1 / (0.1 * sqrt(12)) steps, floored by an eighth of an octave on average: entropy 3.7 bits.
  EXPECT_LT(bits("gauss", "error=0.1"), 3.9);
  EXPECT_LT(bits("zeros", "error=0.1"), 0.3);
  // Half of the pairs turn fast enough for a mean that stands still to miss them.
  EXPECT_LT(bits("turning", "error=0.1"), bits("turning", "error=0.1,rope=none") - 0.8);
}

TEST(QuantTest, ErrorIsAboutWhatWasAskedFor) {
  const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {1024, 2, 64}, 0);
  const Bytes value = make_value(shape, case_named("gauss", 3));
  for (const char* error : {"0.03", "0.1", "0.3"}) {
    const std::string parameters = std::string("error=") + error;
    const Bytes back = decode(quant::best_kernels(), parameters, shape,
                              encode(quant::best_kernels(), parameters, shape, value), value);
    quant::Loss loss{};
    quant::best_kernels().measure(value.data(), back.data(), 2048, 64, quant::Element::bf16, loss);
    const double relative = std::sqrt(loss.squared_error / loss.squared) / std::stod(error);
    EXPECT_GT(relative, 0.93) << error;
    EXPECT_LT(relative, 1) << error;
  }
}

TEST(QuantTest, FindsHowMeansTurn) {
  const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {300, 2, 64}, 0);
  const Bytes value = make_value(shape, case_named("turning", 2));
  const auto schemes = [&](const char* text) {
    const quant::Parameters parameters = parameters_of(text);
    return quant::Planner(parameters, quant::best_kernels()).plan(quant::Geometry(&shape), value, 0.1f).schemes;
  };
  EXPECT_EQ(schemes("").at(0), (quant::RopeScheme{rotary::Pairing::halves, 1e4, 64}));
  EXPECT_EQ(schemes("theta=10000,rope=halves").at(0), (quant::RopeScheme{rotary::Pairing::halves, 1e4, 64}));
  EXPECT_TRUE(schemes("rope=none").empty());
  EXPECT_TRUE(schemes("rope=interleaved").empty());
  EXPECT_TRUE(schemes("theta=77").empty());
  std::string list;
  for (int i = 0; i < 32; ++i) list += (i == 0 ? "" : "/") + std::to_string(std::pow(1e4, -i / 32.0));
  EXPECT_EQ(schemes(("inv_freq=" + list).c_str()).at(0), (quant::RopeScheme{rotary::Pairing::halves, 0, 64}));
  expect_bound(shape, value, "inv_freq=" + list, 0.1);
  expect_bound(shape, value, "rope=interleaved,theta=500,rotary_dim=20", 0.1);
}

TEST(QuantTest, FindsThatAPartOfEveryHeadTurns) {
  std::mt19937_64 random(11);
  std::normal_distribution<float> normal;
  for (const std::uint64_t dim : {64u, 80u, 128u}) {
    for (const std::uint64_t turning : {dim / 2, dim / 4}) {
      for (const auto pairing : {rotary::Pairing::halves, rotary::Pairing::interleaved}) {
        const bool is_halves = pairing == rotary::Pairing::halves;
        SCOPED_TRACE(std::to_string(turning) + " of " + std::to_string(dim) + (is_halves ? ", halves" : ""));
        const auto key = [&](auto, auto t, auto h, auto c) {
          if (c >= turning) return static_cast<float>(c % 3) + normal(random);
          const std::uint64_t pair = is_halves ? c % (turning / 2) : c / 2;
          const double angle =
              static_cast<double>(t) * std::pow(1e6, -2.0 * static_cast<double>(pair) / static_cast<double>(turning)) +
              static_cast<double>(h + pair);
          const bool is_first = is_halves ? c < turning / 2 : c % 2 == 0;
          return static_cast<float>(3 * (is_first ? std::cos(angle) : std::sin(angle))) + normal(random);
        };
        const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {500, 2, dim}, 0);
        const Bytes value = make_value(shape, key);
        const quant::Parameters parameters = parameters_of("");
        const auto schemes =
            quant::Planner(parameters, quant::best_kernels()).plan(quant::Geometry(&shape), value, 0.1f).schemes;
        ASSERT_EQ(schemes.size(), 1u);
        EXPECT_EQ(schemes[0], (quant::RopeScheme{pairing, 1e6, static_cast<std::uint16_t>(turning)}));
        const Encoded found = expect_bound(shape, value, "error=0.1", 0.1, 200);
        EXPECT_LT(found.size(),
                  encode(quant::best_kernels(), "error=0.1,rope=none", shape, value, 200).size() * 97 / 100);
      }
    }
    const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {500, 1, dim}, 0);
    const Bytes value = make_value(shape, [&](auto, auto, auto, auto) { return normal(random); });
    const quant::Parameters parameters = parameters_of("");
    quant::Planner planner(parameters, quant::best_kernels());
    EXPECT_TRUE(planner.plan(quant::Geometry(&shape), value, 0.1f).schemes.empty());
  }
}

TEST(QuantTest, RowsThatComeAgainEveryFewTokensDoNotMislead) {
  const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {1024, 2, 64}, 0);
  const ValueFunction some = case_named("gauss", 5);
  const auto bytes_without = [&](std::uint64_t begin, std::uint64_t end) {  // of every page of 16 tokens
    const auto page = [&](auto plane, auto token, auto head, auto channel) {
      return token % 16 >= begin && token % 16 < end ? 0 : some(plane, token, head, channel);
    };
    return encode(quant::best_kernels(), "", shape, make_value(shape, page)).size();
  };
  const std::size_t full = bytes_without(0, 0);
  for (std::uint64_t token = 0; token < 16; ++token) EXPECT_LT(bytes_without(token, token + 1), full) << token;
  for (std::uint64_t token = 0; token < 16; token += 4) {
    EXPECT_LT(bytes_without(token, token + 4), full * 8 / 10) << token;
  }
}

TEST(QuantTest, FirstTokensHaveAnErrorOfTheirOwn) {
  const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {2, 200, 2, 64}, 1);
  const Bytes value = make_value(shape, case_named("gauss", 4));
  const Encoded encoded = encode(quant::best_kernels(), "error=0.2,first=70,first_error=0.01", shape, value, 30);
  const Bytes back = decode(quant::best_kernels(), "error=0.2,first=70,first_error=0.01", shape, encoded, value);
  EXPECT_LE(worst_row(shape, value, back, 0.2, 70, 0.01), bound);
  EXPECT_GT(worst_row(shape, value, back, 0.2, 71, 0.01), bound);
}

TEST(QuantTest, CodesFirstTokensLikeOthersWhereTheyAreMost) {
  const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {2, 300, 2, 64}, 1);
  const Bytes value = make_value(shape, case_named("gauss", 4));
  for (const double error : {0.02, 0.1, 0.4}) {
    SCOPED_TRACE(error);
    const Encoded first = expect_bound(shape, value, "error=" + std::to_string(error) + ",first=300", error);
    const std::string finer = "error=" + std::to_string(error / 4) + ",first=0";
    EXPECT_LE(first.size(), encode(*quant_paths()[0], finer, shape, value).size() * 101 / 100);
  }
}

TEST(QuantTest, FirstTokensOfManyTimesTheLengthCostOthersNothing) {
  const cinch_shape_v1 shape = shape_of(CINCH_DTYPE_BF16, {1, 64, 8, 128}, 1);
  const auto bytes_with = [&](float first_length) {
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    const Bytes value = make_value(shape, [&](std::uint64_t, std::uint64_t token, std::uint64_t, std::uint64_t) {
      return normal(random) * (token < 4 ? first_length : 1);
    });
    return encode(quant::best_kernels(), "rope=none", shape, value).size();
  };
  EXPECT_LE(bytes_with(10), bytes_with(1) * 115 / 100);
}

TEST(QuantTest, MeasuresTheSameOnEveryPath) {
  for (const std::uint16_t dtype : all_float_dtypes) {
    const cinch_shape_v1 shape = shape_of(dtype, {50, 2, 72}, 0);
    for (const Case& each : cases(6)) {
      const Bytes value = make_value(shape, each.function);
      const Bytes back = decode(quant::best_kernels(), "error=0.3", shape,
                                encode(quant::best_kernels(), "error=0.3", shape, value), value);
      quant::Loss expected{};
      const quant::Geometry geometry(&shape);
      quant_paths()[0]->measure(value.data(), back.data(), 100, 72, geometry.element, expected);
      for (const quant::Kernels* path : quant_paths()) {
        quant::Loss loss{};
        path->measure(value.data(), back.data(), 100, 72, geometry.element, loss);
        EXPECT_EQ(loss.squared_error, expected.squared_error) << each.name;
        EXPECT_EQ(loss.squared, expected.squared) << each.name;
        EXPECT_EQ(loss.worst_row, expected.worst_row) << each.name;
        EXPECT_EQ(loss.max_abs, expected.max_abs) << each.name;
        EXPECT_LE(std::sqrt(loss.worst_row), 0.3 * bound) << each.name;
      }
    }
  }
}

}  // namespace
}  // namespace cinch::test
