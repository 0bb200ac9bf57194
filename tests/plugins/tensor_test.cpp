// The tensor codec without its plugin: every instruction set makes the same bytes, and every bit comes back.
#include <gtest/gtest.h>

#include <numbers>

#include "tests/plugins/tensor_values.hpp"
#include "tests/support/failing_allocator.hpp"
#include "tests/support/payloads.hpp"

namespace cinch::test {
namespace {

using tensor::Geometry;
using tensor::Layout;
using tensor::PlaneKind;

constexpr Layout all_layouts[] = {Layout::bf16, Layout::f16, Layout::f32, Layout::e4m3, Layout::e5m2};

/// Encodes, by the plan of `planned`, and decodes on every instruction set; returns what they all made.
Coded expect_round_trip(const Geometry& form, const Bytes& value, std::uint64_t tokens, const std::string& what,
                        const Bytes& planned) {
  std::optional<Coded> first;
  for (const tensor::Kernels* kernels : all_kernels()) {
    const std::string where = what + " on " + simd::name_of(kernels->target);
    const Coded coded = encode_value(form, *kernels, value, tokens, planned);
    if (!first) first = coded;
    EXPECT_TRUE(coded == *first) << where << ": other bytes than scalar";
    EXPECT_TRUE(decode_value(form, *kernels, *first, value, tokens) == value) << where;
  }
  return *first;
}

Coded expect_round_trip(const Geometry& form, const Bytes& value, std::uint64_t tokens, const std::string& what) {
  return expect_round_trip(form, value, tokens, what, value);
}

PlaneKind kind_of(const Geometry& form, const Coded& coded) {
  return tensor::read_plan(coded.plan, form).planes[0].kind;
}

double ratio_of(const Geometry& form, const Coded& coded, const Bytes& value, std::uint64_t tokens) {
  return static_cast<double>(value.size()) / static_cast<double>(coded.bytes(value, tokens * form.token_bytes()));
}

bool all_coded(const Coded& coded) {
  return std::ranges::none_of(coded.blocks, [](const Bytes& block) { return block.empty(); });
}

TEST(TensorTest, RoundTripsEveryLayoutShapeAndTail) {
  std::size_t coded_blocks = 0;
  for (const Layout layout : all_layouts) {
    for (const std::uint64_t channels : {1u, 3u, 63u, 64u, 65u, 80u, 192u, 257u}) {
      for (const std::uint64_t tokens : {1u, 2u, 7u, 33u, 64u, 129u, 300u}) {
        const Geometry form = geometry(layout, 2, tokens, channels);
        const Bytes value = plain_values(form, channels * 1000 + tokens);
        const std::string what =
            std::to_string(static_cast<int>(layout)) + ": " + std::to_string(tokens) + " x " + std::to_string(channels);
        for (const std::uint64_t block : {std::uint64_t{50}, tokens}) {
          const Coded coded = expect_round_trip(form, value, block, what);
          coded_blocks += coded.blocks.size() - static_cast<std::size_t>(std::ranges::count(coded.blocks, Bytes()));
        }
      }
    }
  }
  EXPECT_GT(coded_blocks, 500u);
}

/// Codes some planes as one block, which may be declined; says whether it was.
bool is_declined_or_comes_back(const Geometry& form, const Bytes& value, std::uint64_t first_plane,
                               std::uint64_t planes) {
  const std::size_t plane_bytes = form.tokens * form.token_bytes();
  const Part part{{first_plane, planes, 0, form.tokens}, first_plane * plane_bytes, planes * plane_bytes};
  for (const tensor::Kernels* kernels : all_kernels()) {
    const Bytes stored = tensor::write_plan(tensor::PlanChooser(*kernels).choose(form, value), form);
    const tensor::PlanState plan(tensor::read_plan(stored, form), form, *kernels);
    const Bytes encoded = encode_part(plan, *kernels, value, part);
    if (encoded.empty()) return true;
    Bytes back(part.size);
    tensor::Aligned<std::uint8_t> contexts;
    decode_block(plan, part.part, *kernels, encoded, back, contexts);
    EXPECT_TRUE(std::equal(back.begin(), back.end(), value.begin() + static_cast<std::ptrdiff_t>(part.offset)));
  }
  return false;
}

TEST(TensorTest, RoundTripsBlocksOfSeveralPlanes) {
  const Geometry form = geometry(Layout::bf16, 5, 40, 64);
  EXPECT_FALSE(is_declined_or_comes_back(form, plain_values(form, 3), 1, 4));
}

/// Planes are padded to whole groups, and what pads them has extra bits, too: more of them than bits that were wanted.
TEST(TensorTest, HasRoomForWhatPadsManySmallPlanes) {
  const Geometry form = geometry(Layout::bf16, 1968, 1, 87);
  Random random(3);
  Bytes value;
  for (std::uint64_t i = 0; i < form.planes * form.channels; ++i) {
    const float size = std::exp2(static_cast<float>(random.next() % 1200) / 100 - 6);
    append_word(form.layout, random.next() % 2 == 0 ? size : -size, value);
  }
  EXPECT_TRUE(is_declined_or_comes_back(form, value, 0, form.planes));
}

TEST(TensorTest, BringsBackEveryPatternOf16Bits) {
  for (const Layout layout : {Layout::bf16, Layout::f16}) {
    // Among others, so that they are coded: NaNs with payloads, infinities, both zeros, denormals.
    const Geometry form = geometry(layout, 1, 32768, 128);
    const Bytes plain = plain_values(form, 11);
    Bytes value = plain;
    for (std::uint32_t pattern = 0; pattern < 65536; ++pattern) {
      value[126 * pattern + 22] = static_cast<std::uint8_t>(pattern);
      value[126 * pattern + 23] = static_cast<std::uint8_t>(pattern >> 8);
    }
    EXPECT_TRUE(all_coded(expect_round_trip(form, value, 1024, "every pattern", plain)));
  }
}

TEST(TensorTest, BringsBackEveryPatternOf8BitsAndTheEdgesOf32) {
  for (const Layout layout : {Layout::e4m3, Layout::e5m2, Layout::f32}) {
    const Geometry form = geometry(layout, 1, 1000, 96);
    const Bytes plain = plain_values(form, 12);
    Bytes value = plain;
    const std::size_t word = tensor::cut_of(layout).word_bytes;
    Random random(1);
    for (std::size_t i = 5; i + word < value.size(); i += 331 * word) {
      static constexpr std::uint32_t edges[] = {0,          0x80000000, 0x7f800000, 0xff800000, 0x7f800001,
                                                0xffc12345, 1,          0x007fffff, 0x7f7fffff, 0x00800000};
      const std::uint32_t bits = layout == Layout::f32 ? edges[random.next() % 10] : random.next();
      std::memcpy(&value[i / word * word], &bits, word);
    }
    EXPECT_TRUE(all_coded(expect_round_trip(form, value, 500, "edges", plain)));
  }
}

TEST(TensorTest, FindsRotationsAndCodesKeysInTheirContext) {
  struct Case {
    std::uint64_t head_dim, heads, tokens;
    double base;
    bool interleaved;
  };
  for (const Case& c : {Case{64, 3, 700, 1e5, false}, Case{128, 2, 300, 5e5, true}, Case{256, 1, 400, 1e6, false},
                        Case{80, 2, 333, 1e4, false}, Case{96, 1, 200, 1e4, true}}) {
    for (const Layout layout : {Layout::bf16, Layout::f16, Layout::e4m3}) {
      const Geometry form = geometry(layout, 1, c.tokens, c.heads * c.head_dim, c.head_dim);
      const Bytes value = rotated_values(form, c.base, c.interleaved, c.tokens);
      const std::string what = "head_dim " + std::to_string(c.head_dim);
      const Coded coded = expect_round_trip(form, value, 170, what);
      EXPECT_EQ(kind_of(form, coded), PlaneKind::rotary) << what;
      const tensor::StoredPlan plan = tensor::read_plan(coded.plan, form);
      ASSERT_EQ(plan.ropes.size(), 1u) << what;
      EXPECT_EQ(plan.ropes[0].interleaved, c.interleaved) << what;
      EXPECT_EQ(plan.ropes[0].frequencies, tensor::frequencies_of(tensor::natural_logarithm(c.base), c.head_dim))
          << what;
    }
  }
}

TEST(TensorTest, StoresNoMoreRotationsThanPlansHave) {
  constexpr std::uint64_t tokens = 400, channels = 128;
  Bytes value;
  std::uint64_t planes = 0;
  for (const std::uint64_t head_dim : {64u, 128u}) {
    for (const double base : {1e4, 1e5, 5e5, 1e6, 1e7}) {
      for (const bool interleaved : {false, true}) {
        const Bytes plane =
            rotated_values(geometry(Layout::bf16, 1, tokens, channels, head_dim), base, interleaved, ++planes);
        value.insert(value.end(), plane.begin(), plane.end());
      }
    }
  }
  ASSERT_GT(planes, tensor::max_ropes);
  const Geometry form = geometry(Layout::bf16, planes, tokens, channels);
  const Coded coded = expect_round_trip(form, value, 200, "many rotations");
  EXPECT_EQ(tensor::read_plan(coded.plan, form).ropes.size(), tensor::max_ropes);
  EXPECT_TRUE(all_coded(coded));
}

/// Values whose tokens are drawn at random from few rows, and how often each row was.
struct RepeatedRows {
  RepeatedRows(const Geometry& form, std::uint64_t rows, std::uint64_t seed_of_rows, std::uint64_t seed)
      : counts(rows) {
    Geometry few = form;
    few.tokens = rows;
    const Bytes all = plain_values(few, seed_of_rows);
    const std::size_t row_bytes = all.size() / rows;
    Random random(seed);
    for (std::uint64_t t = 0; t < form.tokens; ++t) {
      const std::size_t row = random.next() % rows;
      ++counts[row];
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(row * row_bytes);
      value.insert(value.end(), begin, begin + static_cast<std::ptrdiff_t>(row_bytes));
    }
  }

  Bytes value;
  std::vector<unsigned> counts;
};

TEST(TensorTest, StoresRepeatedRowsOnce) {
  const Geometry form = geometry(Layout::bf16, 1, 2000, 192);
  const Bytes value = RepeatedRows(form, 100, 5, 9).value;
  EXPECT_GT(ratio_of(form, expect_round_trip(form, value, 85, "100 rows"), value, 85), 20);

  // Padding: a third of the tokens are zero, the others come once.
  Bytes padded = plain_values(form, 6);
  std::fill(padded.begin() + static_cast<std::ptrdiff_t>(padded.size() * 2 / 3), padded.end(), std::uint8_t{0});
  EXPECT_GT(ratio_of(form, expect_round_trip(form, padded, 85, "padding"), padded, 85), 2);
}

TEST(TensorTest, FindsAllRepeatedRowsOfFewChannels) {
  const Geometry form = geometry(Layout::bf16, 1, 4000, 16);
  const auto [value, counts] = RepeatedRows(form, 500, 13, 14);
  const Coded coded = expect_round_trip(form, value, 1000, "rows of 32 bytes");
  EXPECT_EQ(tensor::read_plan(coded.plan, form).planes[0].row_count,
            std::ranges::count_if(counts, [](unsigned count) { return count > 1; }));
}

TEST(TensorTest, NumbersRowsOfOneChannelWhereFewDiffer) {
  const Geometry form = geometry(Layout::bf16, 1, 20000, 1);
  const auto rows_of = [&](std::uint32_t different) {
    Random random(11);
    Bytes some, value;
    for (std::uint32_t i = 0; i < different; ++i) append_word(Layout::bf16, random.normal(), some);
    for (std::uint64_t t = 0; t < form.tokens; ++t) {
      const std::uint32_t row = random.next() % different;
      value.insert(value.end(), {some[2 * row], some[2 * row + 1]});
    }
    const Coded coded = expect_round_trip(form, value, 5000, std::to_string(different) + " rows");
    return tensor::read_plan(coded.plan, form).planes[0].row_count;
  };
  EXPECT_EQ(rows_of(4), 4u);
  EXPECT_EQ(rows_of(2000), 0u);  // their numbers are no shorter than coded words
}

TEST(TensorTest, LooksAtTokensOfOneChannelInLittleMemory) {
  for (const auto& [planes, tokens] : {std::pair{1u, 1u << 20}, {256u, 1u << 12}}) {
    const Geometry form = geometry(Layout::e4m3, planes, tokens, 1);
    const Bytes value = plain_values(form, 12);
    for (const tensor::Kernels* const kernels : all_kernels()) {
      tensor::PlanChooser chooser(*kernels);
      const AllocationCount count;
      (void)chooser.choose(form, value);
      EXPECT_LT(count.bytes(), 4 * value.size()) << planes << " planes";
    }
  }
}

TEST(TensorTest, ReadsOfOnePlaneDoNotPayForAll) {
  const Geometry form = geometry(Layout::bf16, 2000, 16, 32);
  const tensor::Kernels& kernels = *all_kernels()[0];
  tensor::StoredPlan stored = tensor::PlanChooser(kernels).choose(form, plain_values(form, 15));
  ASSERT_NE(stored.planes[7].kind, PlaneKind::raw);
  const AllocationCount count;
  const tensor::PlanState plan(std::move(stored), form, kernels);
  EXPECT_NE(plan.plane(7).kind, PlaneKind::raw);
  EXPECT_LT(count.calls(), 100u);
}

TEST(TensorTest, StoresConstantsInNothing) {
  for (const Layout layout : all_layouts) {
    const Geometry form = geometry(layout, 3, 700, 64);
    const std::size_t word = tensor::cut_of(layout).word_bytes;
    Bytes value(3 * 700 * 64 * word, 0);
    for (std::size_t i = 700 * 64 * word; i < 2 * 700 * 64 * word; ++i)
      value[i] = static_cast<std::uint8_t>(i % word + 60);
    EXPECT_GT(ratio_of(form, expect_round_trip(form, value, 700, "constant"), value, 700), 100);
  }
}

TEST(TensorTest, TakesUniformExponentsRampsAndNoise) {
  const Geometry form = geometry(Layout::bf16, 1, 1024, 64);
  Random random(4);
  Bytes ramp, noise, uniform;
  for (std::size_t i = 0; i < 1024 * 64; ++i) {
    const std::uint32_t bits = random.next();
    for (const unsigned b : {0u, 1u}) {
      ramp.push_back(static_cast<std::uint8_t>(2 * i + b));
      noise.push_back(static_cast<std::uint8_t>(bits >> (8 * b)));
    }
    append_word(Layout::bf16, std::exp2(static_cast<float>(bits % 14)) * (bits & 0x8000 ? -1.5f : 1.25f), uniform);
  }
  expect_round_trip(form, ramp, 100, "ramp");
  EXPECT_TRUE(all_coded(expect_round_trip(form, uniform, 512, "uniform exponents")));
  const Coded declined = expect_round_trip(form, noise, 512, "noise");
  EXPECT_EQ(kind_of(form, declined), PlaneKind::raw);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(declined.blocks, Bytes())), declined.blocks.size());
}

TEST(TensorTest, SamplesMayMissWhatComesLater) {
  // Every eighth token or so is sampled; between them stand values that no alphabet has seen.
  const Geometry form = geometry(Layout::f16, 1, 4000, 64);
  Bytes value = plain_values(form, 8);
  for (std::size_t t = 3; t < 4000; t += 61) {
    for (std::size_t c = 0; c < 64; c += 3) value[128 * t + 2 * c + 1] ^= 0x7c;
  }
  EXPECT_TRUE(all_coded(expect_round_trip(form, value, 1000, "surprises")));
}

TEST(TensorTest, RowsThatComeAgainEveryFewTokensDoNotMislead) {
  const Geometry form = geometry(Layout::bf16, 1, 1024, 128, 64);
  const Bytes some = rotated_values(form, 1e5, false, 78);
  const auto bytes_without = [&](std::size_t phase) {  // of every 16 tokens
    Bytes value = some;
    for (std::size_t t = phase; t < 1024; t += 16) std::fill_n(value.begin() + 256 * static_cast<long>(t), 256, 0);
    return encode_value(form, *all_kernels().back(), value, 1024).bytes(value, value.size());
  };
  const std::size_t usual = bytes_without(7);
  for (std::size_t phase = 0; phase < 16; ++phase) {
    EXPECT_NEAR(static_cast<double>(bytes_without(phase)), static_cast<double>(usual),
                0.03 * static_cast<double>(usual))
        << phase;
  }
}

TEST(TensorTest, SmallBlocksCostLittle) {
  const Geometry form = geometry(Layout::bf16, 1, 4096, 192, 64);
  const Bytes value = rotated_values(form, 1e5, false, 77);
  const tensor::Kernels& kernels = *all_kernels().back();
  const double large = ratio_of(form, encode_value(form, kernels, value, 682), value, 682);
  const double small = ratio_of(form, encode_value(form, kernels, value, 85), value, 85);
  EXPECT_GT(small, large * 0.985) << large;
}

TEST(TensorTest, ReachesItsRatiosOnRealCaches) {
  const std::optional<std::string> path = real_tensor_file("long-5461");
  if (!path) GTEST_SKIP() << "no real tensors here: ../shared/data/long-5461.safetensors is missing";
  const Geometry form = geometry(Layout::bf16, 1, 5461, 192, 64);
  const tensor::Kernels& kernels = *all_kernels().back();
  double keys = 0;
  for (const char* layer : {"0", "5", "11", "17", "23", "29"}) {
    for (const char* part : {".k", ".v"}) {
      const std::string name = std::string("layers.") + layer + part;
      const std::vector<std::byte> stored = read_tensor(*path, name);
      Bytes value(stored.size());
      std::memcpy(value.data(), stored.data(), stored.size());
      const Coded coded = encode_value(form, kernels, value, 682);
      const double ratio = ratio_of(form, coded, value, 682);
      EXPECT_TRUE(decode_value(form, kernels, coded, value, 682) == value) << name;
      if (part[1] == 'k') keys += ratio / 6;
      if (part[1] == 'v') {
        EXPECT_GT(ratio, layer[0] == '0' ? 5 : 1.495) << name;
      }
    }
  }
  EXPECT_GT(keys, 1.6);
}

TEST(TensorRotationTest, WavesAreCosinesAndSinesOnEveryInstructionSet) {
  std::vector<std::uint32_t> angles;
  for (std::uint32_t i = 0; i < 4097; ++i) angles.push_back(i * 1048583u);
  std::vector<std::int16_t> cosines(angles.size()), sines(angles.size());
  for (const tensor::Kernels* kernels : all_kernels()) {
    for (const std::uint64_t token : {std::uint64_t{1}, std::uint64_t{5461}, (std::uint64_t{3} << 32) + 77}) {
      kernels->waves(angles.data(), angles.size(), token, cosines.data(), sines.data());
      for (std::size_t i = 0; i < angles.size(); ++i) {
        const double turns = static_cast<double>(static_cast<std::uint32_t>(angles[i] * token)) * 0x1p-32;
        EXPECT_NEAR(cosines[i], std::cos(turns * 2 * std::numbers::pi) * 32768, 1.1) << angles[i];
        EXPECT_NEAR(sines[i], std::sin(turns * 2 * std::numbers::pi) * 32768, 1.1) << angles[i];
      }
    }
  }
}

}  // namespace
}  // namespace cinch::test
