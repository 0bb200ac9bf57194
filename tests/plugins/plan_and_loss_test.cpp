#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/plugins/test_plugins.hpp"
#include "tests/support/payloads.hpp"

namespace cinch::test {
namespace {

using ::testing::StartsWith;

TensorShape shape_of(std::initializer_list<std::uint64_t> dims) {
  return *make_tensor(Dtype::u8, std::span(dims.begin(), dims.size()));
}

/// A value that `test.xor` does not decline: it ends in zeros.
std::vector<std::byte> with_zeros(std::size_t size, std::size_t zeros) {
  std::vector<std::byte> value = make_payload(PayloadKind::text, size);
  std::fill(value.end() - static_cast<std::ptrdiff_t>(zeros), value.end(), std::byte{0});
  return value;
}

class PlanTest : public ::testing::Test {
 protected:
  CodecRegistry registry_ = registry_with("codecs");
  std::shared_ptr<const Codec> codec_ = codec_of(registry_, "test.xor");
  std::vector<std::byte> value_ = with_zeros(1000, 300);
};

TEST_F(PlanTest, IsMadeOnceAndAnnotated) {
  const auto plan = codec_->plan(value_, nullptr, 0);
  ASSERT_TRUE(plan.has_value() && plan->has_value());
  EXPECT_EQ((*plan)->bytes.size(), 1u);
  EXPECT_EQ((*plan)->annotation, "key=" + std::to_string(static_cast<int>((*plan)->bytes[0])));
}

TEST_F(PlanTest, IsSharedByEncodingAndDecoding) {
  const auto plan = codec_->plan(value_, nullptr, 0);
  ASSERT_TRUE(plan.has_value() && plan->has_value());
  const auto state = codec_->open_plan((*plan)->bytes, nullptr);
  ASSERT_TRUE(state.has_value());
  const auto encoded = encode(*codec_, value_, state->get());
  ASSERT_TRUE(encoded.has_value());
  EXPECT_EQ(encoded->size(), 700u);
  std::vector<std::byte> back(value_.size());
  EXPECT_TRUE(codec_->decompress({}, state->get(), *encoded, back).ok());
  EXPECT_EQ(back, value_);
}

TEST_F(PlanTest, MayBeDeclined) {
  const auto plan = codec_->plan({}, nullptr, 0);
  ASSERT_TRUE(plan.has_value());
  EXPECT_FALSE(plan->has_value());
}

TEST_F(PlanTest, ThatIsDamagedIsCorruption) {
  EXPECT_EQ(codec_->open_plan(as_bytes("two"), nullptr).status().code(), StatusCode::corruption);
}

TEST_F(PlanTest, OfAFormatWithoutPlansIsCorruption) {
  EXPECT_EQ(codec_of(registry_, "lz4")->open_plan(as_bytes("x"), nullptr).status().code(), StatusCode::corruption);
  EXPECT_EQ(codec_of(registry_, "raw")->open_plan(as_bytes("x"), nullptr).status().code(), StatusCode::corruption);
}

TEST_F(PlanTest, NeedsAShapeThatFitsTheValue) {
  const TensorShape shape = shape_of({10, 10, 9});
  EXPECT_EQ(codec_->plan(value_, &shape, 0).status().code(), StatusCode::invalid_argument);
}

TEST_F(PlanTest, SlicesReachThePluginWithTheirShape) {
  const TensorShape shape = shape_of({10, 10, 10});
  const auto plan = codec_->plan(value_, &shape, 0);
  ASSERT_TRUE(plan.has_value() && plan->has_value());
  const auto state = codec_->open_plan((*plan)->bytes, &shape);
  ASSERT_TRUE(state.has_value());
  const BlockSlice tail{&shape, 0, 1, 6, 4, 600};
  std::vector<std::byte> to(400);
  const auto length = codec_->compress(tail, state->get(), ByteView(value_).subspan(600), to);
  ASSERT_TRUE(length.has_value()) << length.status().to_string();
  EXPECT_EQ(length->value_or(0), 100u);
  const BlockSlice short_one{&shape, 0, 1, 6, 3, 600};  // the plugin checks what it is told
  EXPECT_EQ(codec_->compress(short_one, state->get(), ByteView(value_).subspan(600), to).status().code(),
            StatusCode::codec_failed);
}

TEST_F(PlanTest, SlicesBeyondTheTensorAreRefused) {
  const TensorShape shape = shape_of({10, 10, 10});
  std::vector<std::byte> to(401);
  const std::vector<std::byte> block(401);
  const BlockSlice slice{&shape, 0, 1, 6, 4, 600};
  EXPECT_EQ(codec_->compress(slice, nullptr, block, to).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(codec_->decompress(slice, nullptr, block, to).code(), StatusCode::invalid_argument);
  const BlockSlice endless{nullptr, 0, 0, 0, 0, std::numeric_limits<std::uint64_t>::max()};
  EXPECT_EQ(codec_->decompress(endless, nullptr, block, to).code(), StatusCode::invalid_argument);
}

TEST(LossTest, IsReportedAsItIs) {
  const CodecRegistry registry = registry_with("codecs");
  const auto codec = codec_of(registry, "test.lossy");
  ASSERT_TRUE(codec->traits().lossy);
  const std::vector<std::byte> value = make_payload(PayloadKind::random, 1001);
  std::vector<std::byte> to(*codec->bound(value.size(), nullptr));
  const auto length = codec->compress({}, nullptr, value, to);
  ASSERT_TRUE(length.has_value() && length->has_value());
  std::vector<std::byte> back(value.size());
  ASSERT_TRUE(codec->decompress({}, nullptr, MutableBytes(to).first(**length), back).ok());
  const Result<LossSums> loss = codec->measure({}, value, back);
  ASSERT_TRUE(loss.has_value()) << loss.status().to_string();
  LossSums found;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const double original = std::to_integer<int>(value[i]);
    const double error = original - std::to_integer<int>(back[i]);
    found.squared += original * original;
    found.squared_error += error * error;
    found.max_abs = std::max(found.max_abs, static_cast<float>(error));
  }
  EXPECT_DOUBLE_EQ(loss->squared, found.squared);
  EXPECT_DOUBLE_EQ(loss->squared_error, found.squared_error);
  EXPECT_EQ(loss->max_abs, found.max_abs);
  EXPECT_FLOAT_EQ(loss->worst_row, static_cast<float>(std::sqrt(found.squared_error / found.squared)));
}

TEST(LossTest, UnchangedBytesHaveNone) {
  const CodecRegistry registry = registry_with("codecs");
  const std::vector<std::byte> value = make_payload(PayloadKind::random, 1001);
  const Result<LossSums> loss = codec_of(registry, "test.lossy")->measure({}, value, value);
  ASSERT_TRUE(loss.has_value());
  EXPECT_EQ(loss->squared_error, 0);
  EXPECT_GT(loss->squared, 0);
}

TEST(LossTest, IsNothingThatALosslessCodecMeasures) {
  const CodecRegistry registry = registry_with("codecs");
  EXPECT_EQ(codec_of(registry, "test.xor")->measure({}, {}, {}).status().code(), StatusCode::unsupported);
}

TEST(TakenValuesTest, AreToldFromOthersAndFromThoseWithoutAnAxis) {
  const CodecRegistry registry = registry_with("codecs");
  const auto codec = codec_of(registry, "test.lossy");
  const std::uint64_t dims[] = {4, 8};
  const auto bound_of = [&](Dtype dtype, std::optional<std::uint8_t> axis) {
    const TensorShape shape = *make_tensor(dtype, dims, axis);
    return codec->bound(*tensor_bytes(shape), &shape).status();
  };
  EXPECT_TRUE(bound_of(Dtype::bf16, 0).ok());
  EXPECT_EQ(bound_of(Dtype::i32, 0).code(), StatusCode::unsupported);
  EXPECT_EQ(bound_of(Dtype::bf16, std::nullopt).code(), StatusCode::invalid_argument);
  EXPECT_THAT(bound_of(Dtype::bf16, std::nullopt).message(), testing::HasSubstr("needs the token axis"));
}

TEST(LossTest, MergesSumsAndMaxima) {
  LossSums sums{1, 10, 0.5f, 3};
  sums.merge({2, 20, 0.25f, 4});
  EXPECT_EQ(sums.squared_error, 3);
  EXPECT_EQ(sums.squared, 30);
  EXPECT_EQ(sums.worst_row, 0.5f);
  EXPECT_EQ(sums.max_abs, 4);
}

}  // namespace
}  // namespace cinch::test
