// Plugins that load and then break their contract. A conviction lasts as long as the process: one case for each liar.
#include <gmock/gmock.h>

#include "tests/plugins/test_plugins.hpp"

namespace cinch::test {
namespace {

using ::testing::HasSubstr;

class LiarTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Codec> liar(const std::string& name) { return codec_of(registry_, "test.liar-" + name); }

  CodecRegistry registry_ = registry_with("liars");
  const std::vector<std::byte> value_ = std::vector<std::byte>(100, std::byte{0});
};

TEST_F(LiarTest, ThatEncodesOverItsBoundIsSwitchedOff) {
  const auto codec = liar("bound");
  std::vector<std::byte> to(100);
  EXPECT_THAT(codec->compress({}, nullptr, value_, to).status().to_string(),
              HasSubstr("codec_misbehaved: test.liar-bound: encoded to 101 bytes, over its own bound of 100"));
  EXPECT_THAT(codec->compress({}, nullptr, value_, to).status().to_string(),
              HasSubstr("codec_misbehaved: switched off: test.liar-bound: encoded to 101 bytes"));
}

TEST_F(LiarTest, ThatAsksForMoreThanEveryMemoryIsSwitchedOff) {
  const auto codec = liar("huge");
  EXPECT_THAT(codec->bound(100, nullptr).status().to_string(),
              HasSubstr("codec_misbehaved: test.liar-huge: bound asks for 8796093022208 bytes for a value of 100"));
}

TEST_F(LiarTest, WhosePlanOverrunsIsSwitchedOff) {
  const auto codec = liar("plan");
  EXPECT_THAT(codec->plan(value_, nullptr, 0).status().to_string(),
              HasSubstr("codec_misbehaved: test.liar-plan: plan wrote outside its buffer"));
  EXPECT_THAT(codec->plan(value_, nullptr, 0).status().to_string(), HasSubstr("codec_misbehaved: switched off"));
}

TEST_F(LiarTest, WhoseParametersAreNoTextIsSwitchedOff) {
  EXPECT_THAT(registry_.codec("test.liar-escape").status().to_string(),
              HasSubstr("codec_misbehaved: test.liar-escape: params_canonical gives what is no text"));
}

TEST_F(LiarTest, WhoseParametersAreNoUtf8IsSwitchedOff) {
  EXPECT_THAT(registry_.codec("test.liar-latin").status().to_string(),
              HasSubstr("codec_misbehaved: test.liar-latin: params_canonical gives what is no text"));
}

TEST_F(LiarTest, WhoseAnnotationIsNoTextIsSwitchedOff) {
  const auto codec = liar("annotation");
  EXPECT_THAT(codec->plan(value_, nullptr, 0).status().to_string(),
              HasSubstr("codec_misbehaved: test.liar-annotation: an annotation that is no text"));
  EXPECT_THAT(codec->plan(value_, nullptr, 0).status().to_string(), HasSubstr("codec_misbehaved: switched off"));
}

TEST_F(LiarTest, WhoseLossIsInfiniteIsSwitchedOff) {
  const auto codec = liar("loss");
  EXPECT_THAT(codec->measure({}, value_, value_).status().to_string(),
              HasSubstr("codec_misbehaved: test.liar-loss: measure gives what is negative or not finite"));
  EXPECT_THAT(codec->measure({}, value_, value_).status().to_string(), HasSubstr("codec_misbehaved: switched off"));
}

TEST_F(LiarTest, ThatThrowsIsSwitchedOff) {
  const auto codec = liar("throw");
  std::vector<std::byte> to(100);
  EXPECT_THAT(codec->decompress({}, nullptr, {}, to).to_string(), HasSubstr("dec_run threw an exception"));
  EXPECT_THAT(codec->decompress({}, nullptr, {}, to).to_string(), HasSubstr("codec_misbehaved: switched off"));
}

TEST_F(LiarTest, IsSwitchedOffInEveryRegistryAndWithAllParameters) {
  EXPECT_EQ(liar("short")->convict("wrote nothing").code(), StatusCode::codec_misbehaved);
  const CodecRegistry other = registry_with("liars");
  const auto codec = codec_of(other, "test.liar-short:every=5");
  std::vector<std::byte> to(100);
  EXPECT_THAT(codec->decompress({}, nullptr, {}, to).to_string(),
              HasSubstr("codec_misbehaved: switched off: test.liar-short: wrote nothing"));
}

TEST_F(LiarTest, ThatLiesOnceInManyCallsIsNotCaughtByTheCodecItself) {
  const auto codec = liar("bitflip");
  const auto encoded = encode(*codec, value_);
  ASSERT_TRUE(encoded.has_value());
  std::vector<std::byte> back(value_.size());
  EXPECT_TRUE(codec->decompress({}, nullptr, *encoded, back).ok());
  EXPECT_EQ(back, value_);
  const auto often = liar("bitflip:every=1");
  EXPECT_TRUE(often->decompress({}, nullptr, *encoded, back).ok());
  EXPECT_NE(back, value_);
}

TEST_F(LiarTest, ThatOverrunsTouchesTheByteBehindTheBlock) {
  const auto codec = liar("overrun");
  std::vector<std::byte> back(value_.size() + 1);
  EXPECT_TRUE(codec->decompress({}, nullptr, {}, MutableBytes(back).first(value_.size())).ok());
  EXPECT_NE(back.back(), std::byte{0}) << "the engine's canaries have nothing to catch";
}

}  // namespace
}  // namespace cinch::test
