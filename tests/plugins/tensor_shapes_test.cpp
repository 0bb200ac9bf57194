// Shapes that are legal and unusual, through a store: no codec may refuse them, or ask for more than it can need.
#include <gmock/gmock.h>

#include <algorithm>

#include "cinch/backend_registry.hpp"
#include "cinch/codec_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/support/random.hpp"

namespace cinch::test {
namespace {

struct Case {
  Dtype dtype;
  std::vector<std::uint64_t> dims;
  std::uint8_t token_axis;
};

const Case cases[] = {
    {Dtype::bf16, {240, 128, 1, 1}, 2},         // planes of one element
    {Dtype::f8_e4m3, {250, 250, 2}, 2},         // of two bytes
    {Dtype::f8_e4m3, {40000, 1, 1}, 1},         // of one
    {Dtype::f32, {3000, 1, 1, 32}, 1},          // of one row
    {Dtype::bf16, {700, 16, 1, 33}, 1},         // pages of a cache
    {Dtype::f16, {1, 40000, 1, 1}, 1},          // one channel
    {Dtype::bf16, {1, 1, 80, 512}, 1},          // one token
    {Dtype::bf16, {100'000'000, 0, 1, 64}, 1},  // nothing
    {Dtype::bf16, {100'000'000, 1, 1, 0}, 1},
};

std::vector<std::byte> words(std::uint64_t bytes, unsigned period) {
  std::vector<std::byte> value(bytes);
  LinearCongruential random;
  for (std::uint64_t i = 0; i < bytes; ++i) {
    if (i % period == 0) random = {};
    const std::uint32_t number = random.next();
    value[i] = static_cast<std::byte>(i % 2 == 0 ? number >> 24 : 0x3f);
  }
  return value;
}

class TensorShapesTest : public ::testing::TestWithParam<const char*> {};

TEST_P(TensorShapesTest, AreTaken) {
  CompressedKvStore store(bundled_backends().open("memory", {}).value(), default_registry().codec(GetParam()).value(),
                          {}, default_registry());
  for (const Case& each : cases) {
    for (const unsigned period : {1u, 256u, 1u << 30}) {
      SetOptions options;
      options.tensor = make_tensor(each.dtype, each.dims, each.token_axis).value();
      SCOPED_TRACE(to_string(*options.tensor) + ", period " + std::to_string(period));
      const std::vector<std::byte> value = words(tensor_bytes(*options.tensor).value(), period);
      const Status status = store.set("k", value, options);
      ASSERT_TRUE(status.ok()) << status.to_string();
      const GetResult found = store.get("k");
      ASSERT_TRUE(found && *found) << found.status().to_string();
      ASSERT_EQ((*found)->size(), value.size());
      const bool is_same = std::ranges::equal((*found)->bytes(), value);
      EXPECT_TRUE(is_same || store.inspect("k").value()->lossy_origin);
    }
  }
}

TEST(ManyPlanesTest, ThatAreShorterThanWhatIsKnownOfThemAreLeftToTheFallback) {
  struct Many {
    const char* codec;
    std::vector<std::uint64_t> dims;
    std::uint8_t token_axis;
    bool is_taken;
  };
  const Many cases_of_many[] = {
      {"tensor", {4096, 16, 1}, 1, true},         // not many
      {"tensor", {5000, 8, 128}, 1, true},        // not short
      {"tensor", {5000, 8, 64}, 1, false},        // they are
      {"tensor", {1 << 20, 1}, 1, false},         // of one byte
      {"quant", {16384, 1, 1, 1, 32}, 2, true},   // not many
      {"quant", {20000, 16, 1, 1, 32}, 2, true},  // pages that share what is known of them
      {"quant", {20000, 1, 1, 1, 32}, 2, false},  // alone
      {"quant", {20000, 5, 3, 1, 32}, 2, false},  // too few to share
      {"quant", {20000, 1, 1, 32}, 1, true},      // planes of one dimension share with each other
  };
  for (const auto& [spec, dims, axis, is_taken] : cases_of_many) {
    const TensorShape shape = make_tensor(Dtype::f8_e4m3, dims, axis).value();
    const Status status = default_registry().codec(spec).value()->bound(*tensor_bytes(shape), &shape).status();
    EXPECT_EQ(status.code(), is_taken ? StatusCode::ok : StatusCode::unsupported) << spec << " " << to_string(shape);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, TensorShapesTest, ::testing::Values("tensor", "quant:error=0.1", "zstd"));

}  // namespace
}  // namespace cinch::test
