// Operations of plugins/simd on every target that this machine has.
#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "plugins/simd/small_float.hpp"
#include "tests/plugins/target_paths.hpp"

namespace cinch::test {
namespace {

TEST(VectorOperationsTest, EveryPathLooksUpTheSame) {
  std::mt19937_64 random(5);
  std::uint8_t table[128], indexes[64];
  std::uint16_t words[16];
  for (std::uint8_t& byte : table) byte = static_cast<std::uint8_t>(random());
  for (std::uint16_t& word : words) word = static_cast<std::uint16_t>(random());
  for (std::uint8_t& index : indexes) index = static_cast<std::uint8_t>(random() % 128);
  for (const NamedPath& each : paths()) {
    std::uint8_t wide[64], half[64], narrow[64];
    std::uint16_t word[64];
    each.path->look_up(table, words, indexes, word, narrow);
    for (unsigned i = 0; i < 64; ++i) {
      EXPECT_EQ(word[i], words[indexes[i] & 15]) << each.name;
      EXPECT_EQ(narrow[i], table[indexes[i] & 15]) << each.name;
    }
    if (!each.path->look_up_wide) continue;
    each.path->look_up_wide(table, indexes, wide, half);
    for (unsigned i = 0; i < 64; ++i) {
      EXPECT_EQ(wide[i], table[indexes[i]]) << each.name;
      EXPECT_EQ(half[i], table[indexes[i] & 63]) << each.name;
    }
  }
}

TEST(VectorOperationsTest, AFusedAdditionIsRoundedOnce) {
  // The second of each three is half of the last bit of the sum, and a little more or less: rounded to a double first,
  // it is a tie.
  const float ulp = 0x1p-23f;
  const float cases[][4] = {{1 + 0x1p-15f, 0x1p-24f * (1 - 0x1p-15f), 1 + ulp, 1 + ulp},
                            {1 + 0x1p-12f, 0x1p-24f * (1 - 0x1p-12f), 1, 1},
                            {1 + 0x1p-15f, 0x1p-24f, 1, 1 + ulp},
                            {-1 - 0x1p-15f, 0x1p-24f * (1 - 0x1p-15f), -1 - ulp, -1 - ulp},
                            {0x1p-100f, 0x1p-100f, 1, 1},
                            {0x1p100f, 0x1p100f, 1, std::numeric_limits<float>::infinity()},
                            {3, 5, -15, 0}};
  for (const NamedPath& each : paths()) {
    for (const auto& [a, b, c, expected] : cases) {
      float as[16], bs[16], cs[16], sums[16];
      for (unsigned i = 0; i < 16; ++i) as[i] = a, bs[i] = b, cs[i] = c;
      each.path->add_fused(as, bs, cs, sums);
      for (const float sum : sums) EXPECT_EQ(sum, expected) << each.name << ": " << a << " * " << b << " + " << c;
    }
  }
}

TEST(VectorOperationsTest, RegistersHoldFloatsInTheirOrder) {
  float floats[16], held[16], back[16];
  for (unsigned i = 0; i < 16; ++i) floats[i] = static_cast<float>(i);
  for (const NamedPath& each : paths()) {
    each.path->hold(floats, held, back);
    for (unsigned i = 0; i < 16; ++i) {
      EXPECT_EQ(held[i], floats[each.path->register_order.at[i]]) << each.name;
      EXPECT_EQ(back[i], floats[i]) << each.name;
    }
  }
}

TEST(VectorOperationsTest, EveryPathAddsInTheSameOrder) {
  std::mt19937_64 random(6);
  std::normal_distribution<float> normal;
  float rows[256], expected[16], sums[16], each_sum[16];
  for (float& value : rows) value = normal(random) * std::ldexp(1.0f, static_cast<int>(random() % 20));
  paths()[0].path->sum(rows, sums, expected);
  for (const NamedPath& each : paths()) {
    each.path->sum(rows, sums, each_sum);
    for (unsigned i = 0; i < 16; ++i) {
      EXPECT_EQ(sums[i], expected[i]) << each.name << ' ' << i;
      EXPECT_EQ(each_sum[i], expected[i]) << each.name << ' ' << i;
    }
  }
}

TEST(VectorOperationsTest, EveryPathPutsTheSameWordsTogether) {
  std::mt19937_64 random(7);
  for (unsigned round = 0; round < 100; ++round) {
    std::uint8_t sign[64], octave[64], above[64], low[64], words[128];
    for (unsigned i = 0; i < 64; ++i) {
      sign[i] = static_cast<std::uint8_t>(random());
      octave[i] = static_cast<std::uint8_t>(random());
      above[i] = static_cast<std::uint8_t>(random());
      low[i] = static_cast<std::uint8_t>(random() & 63);
    }
    for (const NamedPath& each : paths()) {
      each.path->put_bf16(sign, octave, above, low, words);
      for (unsigned i = 0; i < 64; ++i) {
        const unsigned word = (above[i] + 2u * octave[i]) << 6 | low[i] | (sign[i] & 0x80u) << 8;
        EXPECT_EQ(words[2 * i] | words[2 * i + 1] << 8, word & 0xffff) << each.name;
      }
    }
  }
}

struct Format {
  const char* name;
  std::size_t bytes;
  float (*decode)(std::uint32_t) noexcept;
  std::uint32_t (*encode)(float) noexcept;
};

const Format formats[3]{{"f16", 2, simd::Half::decode, simd::Half::encode},
                        {"f8_e4m3", 1, simd::E4m3::decode, simd::E4m3::encode},
                        {"f8_e5m2", 1, simd::E5m2::decode, simd::E5m2::encode}};

TEST(VectorOperationsTest, EveryPathLoadsAllSmallFloats) {
  const std::vector<NamedPath> all_paths = paths();
  for (std::size_t f = 0; f < 3; ++f) {
    const Format& format = formats[f];
    for (std::uint32_t first = 0; first < 1u << (8 * format.bytes); first += 16) {
      std::uint8_t stored[32];
      for (std::uint32_t i = 0; i < 16; ++i) {
        const std::uint32_t raw = first + i;
        std::memcpy(stored + format.bytes * i, &raw, format.bytes);
      }
      for (const NamedPath& each : all_paths) {
        float values[16];
        each.path->load[f](stored, values);
        for (std::uint32_t i = 0; i < 16; ++i) {
          const float expected = format.decode(first + i);
          ASSERT_TRUE(std::isnan(expected)
                          ? std::isnan(values[i])
                          : std::bit_cast<std::uint32_t>(values[i]) == std::bit_cast<std::uint32_t>(expected))
              << format.name << " on " << each.name << ": " << first + i << " is " << values[i];
        }
      }
    }
  }
}

// All finite floats of 20 bits, each with what lies just above and just below it: every tie is among them.
TEST(VectorOperationsTest, EveryPathRoundsToTheNearestSmallFloat) {
  const std::vector<NamedPath> all_paths = paths();
  for (std::uint64_t first = 0; first < std::uint64_t{1} << 32; first += 16 << 12) {
    for (const std::uint32_t low : {0x000u, 0x001u, 0xfffu}) {
      float values[16];
      for (std::uint32_t i = 0; i < 16; ++i) {
        values[i] = std::bit_cast<float>(static_cast<std::uint32_t>(first) + (i << 12) + low);
      }
      if (!std::isfinite(values[0])) continue;
      for (std::size_t f = 0; f < 3; ++f) {
        const Format& format = formats[f];
        std::uint8_t expected[32];
        for (std::uint32_t i = 0; i < 16; ++i) {
          const std::uint32_t raw = format.encode(values[i]);
          std::memcpy(expected + format.bytes * i, &raw, format.bytes);
        }
        for (const NamedPath& each : all_paths) {
          std::uint8_t stored[32];
          each.path->store[f](values, stored);
          ASSERT_EQ(std::memcmp(stored, expected, 16 * format.bytes), 0)
              << format.name << " on " << each.name << ": " << values[0] << " and the next 15";
        }
      }
    }
  }
}

// As "FP8 Formats for Deep Learning" (Micikevicius et al. 2022) and IEEE 754 have them.
TEST(VectorOperationsTest, SmallFloatsAreThoseOfTheirFormats) {
  EXPECT_EQ(simd::E4m3::decode(0x7e), 448);
  EXPECT_EQ(simd::E4m3::decode(0xfe), -448);
  EXPECT_EQ(simd::E4m3::decode(0x38), 1);
  EXPECT_EQ(simd::E4m3::decode(0x08), 0x1p-6f);
  EXPECT_EQ(simd::E4m3::decode(0x01), 0x1p-9f);
  EXPECT_TRUE(std::isnan(simd::E4m3::decode(0x7f)));
  EXPECT_TRUE(std::isnan(simd::E4m3::decode(0xff)));
  EXPECT_EQ(simd::E4m3::encode(1e9f), 0x7eu);
  EXPECT_EQ(simd::E4m3::encode(-465), 0xfeu);
  EXPECT_EQ(simd::E4m3::encode(-0.0f), 0x80u);
  EXPECT_EQ(simd::E5m2::decode(0x7b), 57344);
  EXPECT_EQ(simd::E5m2::decode(0xbc), -1);
  EXPECT_EQ(simd::E5m2::decode(0x04), 0x1p-14f);
  EXPECT_EQ(simd::E5m2::decode(0x01), 0x1p-16f);
  EXPECT_EQ(simd::E5m2::decode(0xfc), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(simd::E5m2::decode(0x7d)));
  EXPECT_EQ(simd::E5m2::encode(-1e9f), 0xfbu);
  EXPECT_EQ(simd::Half::decode(0x7bff), 65504);
  EXPECT_EQ(simd::Half::decode(0x0001), 0x1p-24f);
  EXPECT_EQ(simd::Half::decode(0x7c00), std::numeric_limits<float>::infinity());
  EXPECT_EQ(simd::Half::encode(1e9f), 0x7bffu);
}

TEST(VectorOperationsTest, SmallFloatsAreTheNearest) {
  for (const Format& format : formats) {
    const std::uint32_t all = 1u << (8 * format.bytes - 1);
    for (std::uint32_t raw = 0; raw + 1 < all && std::isfinite(format.decode(raw + 1)); ++raw) {
      const float low = format.decode(raw), high = format.decode(raw + 1), middle = (low + high) / 2;
      ASSERT_LT(low, high) << format.name;
      ASSERT_EQ(format.encode(low), raw) << format.name;
      ASSERT_EQ(format.encode(std::nextafter(middle, 0.0f)), raw) << format.name;
      ASSERT_EQ(format.encode(middle), raw % 2 == 0 ? raw : raw + 1) << format.name;
      ASSERT_EQ(format.encode(std::nextafter(middle, high)), raw + 1) << format.name;
    }
  }
}

}  // namespace
}  // namespace cinch::test
