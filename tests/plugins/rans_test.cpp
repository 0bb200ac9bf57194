// The coder of plugins/rans on every target that this machine has, against each other.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "plugins/rans/coder.hpp"
#include "tests/plugins/target_paths.hpp"

namespace cinch::test {
namespace {

/// Frequencies of two to sixteen symbols, skewed or even.
rans::Frequencies random_frequencies(std::mt19937_64& random) {
  std::array<std::uint8_t, 16> symbols;
  std::iota(symbols.begin(), symbols.end(), std::uint8_t{0});
  std::ranges::shuffle(symbols, random);
  const std::size_t used = 2 + random() % 15;
  const bool is_skewed = random() % 2 == 0;
  rans::Frequencies made{};
  for (std::size_t i = 0; i < rans::slot_count; ++i) {
    const std::size_t any = random() % used;
    ++made[symbols[i < used ? i : is_skewed ? any * any / used : any]];
  }
  return made;
}

/// Symbols that follow them.
std::vector<std::uint8_t> symbols_of(const rans::Frequencies& frequencies, std::size_t count, std::mt19937_64& random) {
  std::vector<std::uint8_t> slots;
  for (std::size_t s = 0; s < 16; ++s) slots.insert(slots.end(), frequencies[s], static_cast<std::uint8_t>(s));
  std::vector<std::uint8_t> out((count + 63) / 64 * 64, 0xff);  // what lies behind the count must not matter
  for (std::size_t i = 0; i < count; ++i) out[i] = slots[random() % 128];
  return out;
}

std::vector<std::uint8_t> encode(const TargetPath& path, const std::vector<std::uint8_t>& symbols, std::size_t count,
                                 std::size_t runs, const rans::Frequencies& frequencies) {
  std::vector<std::uint8_t> out(runs * count + 256 + rans::margin);
  out.resize(path.encode(symbols.data(), count, runs, frequencies, out.data()));
  return out;
}

TEST(RansTest, EveryPathMakesTheSameBytesAndReadsThem) {
  std::mt19937_64 random(7);
  for (unsigned round = 0; round < 300; ++round) {
    const rans::Frequencies frequencies = random_frequencies(random);
    ASSERT_TRUE(rans::is_valid(frequencies));
    const std::size_t count = round < 140 ? round : random() % 2000, runs = 1 + round % 3;
    const std::size_t stride = (count + 63) / 64 * 64;
    std::vector<std::uint8_t> symbols;
    for (std::size_t run = 0; run < runs; ++run) {
      const auto more = symbols_of(frequencies, count, random);
      symbols.insert(symbols.end(), more.begin(), more.end());
    }
    const std::vector<std::uint8_t> expected = encode(scalar_path(), symbols, count, runs, frequencies);
    for (const NamedPath& each : paths()) {
      SCOPED_TRACE(each.name + ", " + std::to_string(count) + " symbols");
      ASSERT_EQ(encode(*each.path, symbols, count, runs, frequencies), expected);
      std::vector<std::uint8_t> back(symbols.size() + 64);
      ASSERT_TRUE(each.path->decode(expected.data(), expected.size(), count, runs, frequencies, back.data()));
      for (std::size_t run = 0; run < runs; ++run) {
        const std::uint8_t* const read = back.data() + run * stride;
        ASSERT_TRUE(std::equal(read, read + count, symbols.data() + run * stride));
      }
    }
  }
}

TEST(RansTest, ComesCloseToTheEntropy) {
  std::mt19937_64 random(9);
  const rans::Frequencies frequencies{2, 3, 7, 12, 18, 16, 4, 1, 2, 3, 7, 12, 18, 15, 4, 4};
  const std::size_t count = 64000;
  const std::vector<std::uint8_t> symbols = symbols_of(frequencies, count, random);
  double bits = 0;
  for (const std::uint8_t symbol : symbols) bits += std::log2(128.0 / frequencies[symbol]);
  const std::size_t bytes = encode(scalar_path(), symbols, count, 1, frequencies).size() - 256;
  EXPECT_LT(static_cast<double>(bytes) * 8, bits * 1.01);
  EXPECT_GT(static_cast<double>(bytes) * 8, bits * 0.99);
}

TEST(RansTest, EveryFrequencyDividesExactly) {
  std::mt19937_64 random(3);
  for (std::uint8_t f = 1; f < 128; ++f) {
    rans::Frequencies frequencies{};
    frequencies[3] = f;
    frequencies[12] = static_cast<std::uint8_t>(128 - f);
    const std::vector<std::uint8_t> symbols = symbols_of(frequencies, 6400, random);
    const std::vector<std::uint8_t> expected = encode(scalar_path(), symbols, 6400, 1, frequencies);
    for (const NamedPath& each : paths()) {
      ASSERT_EQ(encode(*each.path, symbols, 6400, 1, frequencies), expected) << each.name << " " << int{f};
      std::vector<std::uint8_t> back(6400);
      ASSERT_TRUE(each.path->decode(expected.data(), expected.size(), 6400, 1, frequencies, back.data()));
      ASSERT_EQ(back, symbols) << each.name << " " << int{f};
    }
  }
}

TEST(RansTest, NoticesDamageAndReadsNothingOutside) {
  std::mt19937_64 random(11);
  const rans::Frequencies frequencies{1, 1, 2, 4, 8, 16, 20, 24, 20, 16, 8, 4, 1, 1, 1, 1};
  const std::vector<std::uint8_t> symbols = symbols_of(frequencies, 700, random);
  const std::vector<std::uint8_t> intact = encode(scalar_path(), symbols, 700, 1, frequencies);
  for (const NamedPath& each : paths()) {
    std::vector<std::uint8_t> back(704);
    unsigned missed = 0;
    for (std::size_t bit = 0; bit < intact.size() * 8; ++bit) {
      std::vector<std::uint8_t> damaged = intact;  // exactly as long: a sanitizer sees what is read beyond it
      damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ 1u << bit % 8);
      missed += each.path->decode(damaged.data(), damaged.size(), 700, 1, frequencies, back.data());
    }
    // Some make another intact sequence, whose last state is 256 as well.
    EXPECT_LT(missed, intact.size() * 8 / 25) << each.name;
    for (std::size_t size = 256; size < intact.size(); ++size) {
      std::vector<std::uint8_t> cut(intact.end() - static_cast<std::ptrdiff_t>(size), intact.end());
      EXPECT_FALSE(each.path->decode(cut.data(), cut.size(), 700, 1, frequencies, back.data())) << each.name << size;
    }
    for (unsigned round = 0; round < 500; ++round) {
      std::vector<std::uint8_t> noise(256 + random() % 900);
      for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random());
      EXPECT_FALSE(each.path->decode(noise.data(), noise.size(), 700, 1, frequencies, back.data())) << each.name;
    }
  }
}

}  // namespace
}  // namespace cinch::test
