// quant and tensor as a store has them: what `target` promises of a frame, what a frame says of its value, and which
// values they leave to others.
#include <gmock/gmock.h>

#include <cmath>

#include "cinch/backend_registry.hpp"
#include "cinch/codec_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/support/random.hpp"
#include "tests/support/store_counter.hpp"
#include "tests/support/turning_keys.hpp"

namespace cinch::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr std::uint64_t heads = 2;

CompressedKvStore in_memory(const std::string& spec, const CompressedOptions& options = {}) {
  return CompressedKvStore(bundled_backends().open("memory", {}).value(), default_registry().codec(spec).value(),
                           options);
}

SetOptions with_shape(const std::vector<std::uint64_t>& dims, std::optional<std::uint8_t> token_axis = std::nullopt) {
  SetOptions options;
  options.tensor = make_tensor(Dtype::bf16, dims, token_axis).value();
  return options;
}

/// What the frame of these keys says under a codec.
FrameInfo stored(const std::string& spec, std::uint64_t block_bytes = default_block_bytes, std::uint64_t head_dim = 64,
                 std::uint64_t tokens = 1500) {
  CompressedOptions options;
  options.block_bytes = block_bytes;
  CompressedKvStore store = in_memory(spec, options);
  const std::string value = turning_keys(tokens, heads);
  EXPECT_TRUE(store.set("k", value, with_shape({tokens, heads * 64 / head_dim, head_dim})).ok());
  EXPECT_EQ(store.get("k").value()->size(), value.size());
  return store.inspect("k").value().value();
}

/// The number behind `name=` in an annotation.
double noted(const FrameInfo& info, const std::string& name) {
  const std::size_t at = info.annotation.find(name + "=");
  return at == std::string::npos ? -1 : std::stod(info.annotation.substr(at + name.size() + 1));
}

class QuantTargetTest : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Blocks, QuantTargetTest, ::testing::Values(0, default_block_bytes, 32 << 10, 6 << 10));

TEST_P(QuantTargetTest, IsMetByTheWholeFrame) {
  double last = 0;
  for (const double target : {2.0, 4.0, 6.0, 9.0}) {
    SCOPED_TRACE(target);
    const FrameInfo info = stored("quant:target=" + std::to_string(static_cast<int>(target)), GetParam());
    EXPECT_LE(static_cast<double>(info.stored_bytes) * target, static_cast<double>(info.decoded_bytes));
    EXPECT_GT(static_cast<double>(info.stored_bytes) * target, 0.9 * static_cast<double>(info.decoded_bytes))
        << "a smaller error would have done";
    const double error = noted(info, "error");
    EXPECT_GT(error, last);
    EXPECT_LE(info.loss->worst_row, 1.7321 * error);
    last = error;
  }
}

TEST(QuantStoreTest, TargetIsMetWithALongListOfFrequencies) {
  std::string spec = "quant:target=4,inv_freq=1";
  for (int i = 1; i < 32; ++i) spec += "/" + std::to_string(std::pow(1e4, -i / 32.0));
  for (const std::uint64_t tokens : {24u, 32u, 48u, 64u, 100u}) {
    SCOPED_TRACE(tokens);
    const FrameInfo info = stored(spec, default_block_bytes, 64, tokens);
    EXPECT_EQ(info.format.name, "quant");
    EXPECT_LE(info.stored_bytes * 4, info.decoded_bytes);
  }
}

TEST(QuantStoreTest, TheFirstTokensAreNoWorseThanTheErrorOfATarget) {
  const FrameInfo info = stored("quant:target=2,first_error=0.9,first=64");
  EXPECT_LE(info.loss->worst_row, 1.7321 * noted(info, "error"));
}

TEST(QuantStoreTest, MoreTurningChannelsThanAHeadHasAreRefusedWhateverTheLength) {
  CompressedKvStore store = in_memory("quant:rotary_dim=128");
  for (const std::uint64_t tokens : {2u, 7u, 100u}) {
    const Status status = store.set("k", turning_keys(tokens, heads), with_shape({tokens, heads, 64}));
    EXPECT_EQ(status.code(), StatusCode::invalid_argument);
    EXPECT_THAT(status.to_string(), HasSubstr("rotary_dim 128 is beyond a head of 64"));
  }
}

TEST(QuantStoreTest, FramesSayWhatWasFoundAndLost) {
  const FrameInfo found = stored("quant:error=0.12");
  EXPECT_EQ(found.annotation, "rope=halves,theta=10000");
  // Two heads taken for one: its first half turns within itself.
  EXPECT_EQ(stored("quant:error=0.12", default_block_bytes, 128).annotation, "rope=halves,theta=10000,rotary_dim=64");
  EXPECT_TRUE(found.lossy_origin);
  ASSERT_TRUE(found.loss);
  EXPECT_GT(found.loss->relative_error, 0.8 * 0.12);
  EXPECT_LT(found.loss->relative_error, 1.02 * 0.12);
  EXPECT_GT(found.loss->worst_row, found.loss->relative_error);
  EXPECT_LE(found.loss->worst_row, 1.7321 * 0.12);
  EXPECT_GT(found.loss->max_abs, 0);

  const FrameInfo still = stored("quant:error=0.12,rope=none");
  EXPECT_EQ(still.annotation, "rope=none");
  EXPECT_GT(still.stored_bytes, found.stored_bytes + found.stored_bytes / 10);
}

TEST(QuantStoreTest, AnAnnotationNamesAsManyBasesAsFitIntoIt) {
  CompressedKvStore store = in_memory("quant:target=3");
  std::string value;
  for (const double base : {1e4, 1e5, 5e5, 1e6, 1e7}) value += turning_keys(200, heads, base);
  value += turning_keys(200, heads, 1e4, true);  // of all pairings the last one is told
  const Status status = store.set("k", value, with_shape({6, 200, heads, 64}, 1));
  ASSERT_TRUE(status.ok()) << status.to_string();
  const std::string found = store.inspect("k").value()->annotation;
  EXPECT_THAT(found, EndsWith(",rope=interleaved,theta=10000/1e+05/5e+05/1e+06"));
  EXPECT_LE(found.size(), 63u);
}

TEST(QuantStoreTest, AnAnnotationLeavesOutABaseThatDoesNotFit) {
  constexpr double base = 123456.78901234567;
  CompressedKvStore store = in_memory("quant:target=3,rope=interleaved,theta=123456.78901234567,rotary_dim=64");
  ASSERT_TRUE(store.set("k", turning_keys(400, heads, base, true), with_shape({400, 1, heads * 64})).ok());
  EXPECT_THAT(store.inspect("k").value()->annotation, EndsWith(",rope=interleaved,rotary_dim=64"));
}

TEST(QuantStoreTest, LossIsThatOfTheWholeValueHoweverItIsSplit) {
  const FrameInfo one = stored("quant:error=0.2", 0), many = stored("quant:error=0.2", 16 << 10);
  EXPECT_NEAR(one.loss->relative_error, many.loss->relative_error, 1e-3);
  EXPECT_NEAR(one.loss->worst_row, many.loss->worst_row, 2e-2);
}

TEST(QuantStoreTest, ManyHeadsOfFewTokensAreLeftToTheFallback) {
  CompressedKvStore store = in_memory("quant");
  ASSERT_TRUE(store.set("k", turning_keys(5000, heads), with_shape({2, 5000, 64})).ok());  // heads and tokens?
  EXPECT_EQ(store.inspect("k").value()->format.name, "zstd");
}

TEST(QuantStoreTest, WhatNoHeadDimensionDividesIsLeftToTheFallback) {
  CompressedKvStore store = in_memory("quant");
  const auto codec_of = [&](const std::vector<std::uint64_t>& dims, std::optional<std::uint8_t> token_axis) {
    const SetOptions options = with_shape(dims, token_axis);
    const std::string value(tensor_bytes(*options.tensor).value(), '\0');
    const Status status = store.set("k", value, options);
    return status.ok() ? store.inspect("k").value()->format.name : status.to_string();
  };
  EXPECT_EQ(codec_of({100, 2, 521}, 0), "zstd");
  EXPECT_EQ(codec_of({100, 1042}, 0), "zstd");
  EXPECT_EQ(codec_of({100, 521}, std::nullopt), "zstd");
  EXPECT_THAT(codec_of({100, 1024}, 0), HasSubstr("\"k\": quant: needs the dimension of a head as the last one; give"));
  EXPECT_THAT(codec_of({100, 2, 514}, 0), HasSubstr("split it by a head_dim that divides it"));
}

TEST(QuantStoreTest, NothingIsLostWhereNothingIsSaved) {
  for (const std::uint64_t tokens : {1u, 2u, 3u, 4u, 6u}) {
    SCOPED_TRACE(tokens);
    const FrameInfo info = stored("quant:error=0.3,first=0", default_block_bytes, 64, tokens);
    EXPECT_LE(info.stored_bytes, info.decoded_bytes + 40 + 64);
    EXPECT_EQ(info.lossy_origin, info.format.name == "quant");
    EXPECT_TRUE(!info.lossy_origin || info.stored_bytes < info.decoded_bytes);
  }
}

TEST(QuantStoreTest, AValueThatCannotMeetItsTargetFallsBackWithoutLoss) {
  const FrameInfo info = stored("quant:target=60", default_block_bytes, 64, 64);
  EXPECT_EQ(info.format.name, "zstd");
  EXPECT_FALSE(info.lossy_origin);
  EXPECT_LT(info.stored_bytes, info.decoded_bytes);
}

TEST(QuantStoreTest, RecompressingWhatCannotMeetItsTargetFallsBackOnce) {
  CompressedKvStore store = in_memory("raw");
  const std::string value = turning_keys(64, heads);
  ASSERT_TRUE(store.set("k", value, with_shape({64, heads, 64})).ok());
  EXPECT_EQ(store.recompress("k", "quant:target=60", {.lossy = true}).value(), Recompressed::done);
  EXPECT_EQ(store.inspect("k").value()->format.name, "zstd");
  EXPECT_EQ(store.get("k").value()->text(), value);
  EXPECT_EQ(counter(store, "values_fallen_back"), 1u);
  EXPECT_EQ(store.recompress("k", "quant:target=60", {.lossy = true}).value(), Recompressed::already);
}

TEST(TensorStoreTest, AGainBelowPlanAndIndexFallsBack) {
  CompressedKvStore store = in_memory("tensor");
  std::string value;
  LinearCongruential random;
  for (unsigned i = 0; i < 96; ++i) {  // exponents of 4 bits, then the same again and again
    const std::uint32_t number = random.next();
    value += static_cast<char>(number >> 24);
    value += static_cast<char>(0x38 + (number >> 16 & 7));
  }
  value += value;
  value += value;
  ASSERT_TRUE(store.set("k", value).ok());
  EXPECT_EQ(store.inspect("k").value()->format.name, "zstd");
  EXPECT_EQ(store.get("k").value()->text(), value);
}

TEST(TensorStoreTest, WhatHasNothingToGainInItsExponentsFallsBack) {
  CompressedKvStore store = in_memory("tensor");
  const SetOptions options = with_shape({512, heads, 64});
  std::string value = turning_keys(512, heads);
  ASSERT_TRUE(store.set("keys", value, options).ok());
  for (std::size_t i = 0; i < value.size(); i += 2) {  // a third of all elements is 0
    if (i / 2 % 7 < 2 || i / 2 % 11 == 0) value[i] = value[i + 1] = 0;
  }
  ASSERT_TRUE(store.set("with zeros", value, options).ok());
  EXPECT_EQ(store.inspect("keys").value()->format.name, "tensor");
  EXPECT_EQ(store.inspect("with zeros").value()->format.name, "zstd");
  EXPECT_LT(store.inspect("with zeros").value()->stored_bytes, value.size() * 9 / 10);
  EXPECT_EQ(store.get("with zeros").value()->text(), value);
  EXPECT_EQ(counter(store, "values_fallen_back"), 1u);
}

}  // namespace
}  // namespace cinch::test
