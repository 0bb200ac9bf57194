// quant's decoder and plan on what no encoder makes: nothing is read or written outside, and all paths agree.
#include <gmock/gmock.h>

#include <optional>
#include <random>

#include "tests/plugins/quant_values.hpp"

namespace cinch::test {
namespace {

struct Fixture {
  cinch_shape_v1 shape;
  quant::Parameters parameters = parameters_of("error=0.1");
  Encoded encoded;

  Fixture(std::uint16_t dtype, std::vector<std::uint64_t> dims, const char* text)
      : shape(shape_of(dtype, std::move(dims), 0)), parameters(parameters_of(text)) {
    std::mt19937_64 random(dtype);
    std::normal_distribution<float> normal;
    const Bytes value = make_value(shape, [&](auto, auto t, auto, auto c) {
      if (t % 19 == 7) return 0.0f;
      if (t % 23 == 9) return 1e28f;
      return normal(random) * (t % 11 == 3 && c < 3 ? 90.0f : 1.0f);
    });
    encoded = encode(quant::best_kernels(), text, shape, value);
  }

  /// What comes of it on one path; nothing: refused. The block is exactly as long as it is, for sanitizers.
  std::optional<Bytes> decode(const quant::Kernels& path, const Bytes& plan_bytes, const Bytes& block) const {
    const quant::Geometry geometry(&shape);
    const Bytes exact(block);
    Bytes to(geometry.bytes());
    try {
      const quant::Plan plan(parameters, geometry, plan_bytes, path);
      quant::BlockDecoder().decode(plan, encoded.parts[0], exact, to);
      return to;
    } catch (const plugin::Failure& failure) {
      EXPECT_EQ(failure.code(), CINCH_CORRUPT) << failure.what();
      return std::nullopt;
    }
  }

  /// Whether it was accepted, by all paths alike.
  bool accepted(const Bytes& plan, const Bytes& block) const {
    const std::optional<Bytes> expected = decode(*quant_paths()[0], plan, block);
    for (const quant::Kernels* path : quant_paths()) {
      EXPECT_EQ(decode(*path, plan, block), expected) << simd::name_of(path->target);
    }
    return expected.has_value();
  }
};

std::vector<Fixture> fixtures() {
  std::vector<Fixture> out;
  out.emplace_back(CINCH_DTYPE_BF16, std::vector<std::uint64_t>{70, 2, 64}, "error=0.1");
  out.emplace_back(CINCH_DTYPE_F32, std::vector<std::uint64_t>{20, 1, 40}, "error=0.003");
  out.emplace_back(CINCH_DTYPE_F8_E4M3, std::vector<std::uint64_t>{40, 1, 96}, "error=0.3");
  return out;
}

Bytes flipped(const Bytes& bytes, std::size_t bit) {
  Bytes out = bytes;
  out[bit / 8] = static_cast<std::uint8_t>(out[bit / 8] ^ 1u << bit % 8);
  return out;
}

TEST(QuantDamageTest, RefusesEveryTruncationAndBytesBehind) {
  for (const Fixture& fixture : fixtures()) {
    const Bytes& block = fixture.encoded.blocks[0];
    ASSERT_TRUE(fixture.accepted(fixture.encoded.plan, block));
    for (std::size_t size = 0; size < block.size(); size += size % 7 + 1) {
      EXPECT_FALSE(fixture.accepted(fixture.encoded.plan,
                                    Bytes(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size))));
    }
    Bytes longer = block;
    longer.push_back(0);
    EXPECT_FALSE(fixture.accepted(fixture.encoded.plan, longer));
    for (std::size_t size = 0; size < fixture.encoded.plan.size(); ++size) {
      const Bytes& plan = fixture.encoded.plan;
      EXPECT_FALSE(fixture.accepted(Bytes(plan.begin(), plan.begin() + static_cast<std::ptrdiff_t>(size)), block));
    }
  }
}

TEST(QuantDamageTest, SurvivesFlippedBits) {
  std::mt19937_64 random(3);
  for (const Fixture& fixture : fixtures()) {
    for (unsigned round = 0; round < 700; ++round) {
      const Bytes& block = fixture.encoded.blocks[0];
      fixture.accepted(fixture.encoded.plan, flipped(block, round < 64 ? round : random() % (block.size() * 8)));
    }
    for (std::size_t bit = 0; bit < fixture.encoded.plan.size() * 8; bit += 3) {
      fixture.accepted(flipped(fixture.encoded.plan, bit), fixture.encoded.blocks[0]);
    }
  }
}

TEST(QuantDamageTest, SurvivesNoise) {
  std::mt19937_64 random(5);
  for (const Fixture& fixture : fixtures()) {
    for (unsigned round = 0; round < 300; ++round) {
      Bytes noise(random() % 4000);
      for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random());
      for (std::size_t i = 0; i < 8 && i < noise.size() && round % 3 != 0; ++i) {
        noise[i] = static_cast<std::uint8_t>(noise[i] & 0x83);  // short parts
      }
      fixture.accepted(fixture.encoded.plan, noise);
      fixture.accepted(noise, fixture.encoded.blocks[0]);
    }
  }
}

}  // namespace
}  // namespace cinch::test
