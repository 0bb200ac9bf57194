// Values with a shape: what rules know of them, which codec takes them, and where the others go.
#include <gmock/gmock.h>

#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/support/store_counter.hpp"
#include "tests/support/test_codecs.hpp"

namespace cinch {
namespace {

using test::ToyKind;
using ::testing::HasSubstr;

constexpr char lossy[] = "test.toy-lossy";
constexpr char plain[] = "test.toy-plain";

CompressedKvStore make_store(const std::string& codec, std::vector<Rule> rules = {}, std::string fallback = plain) {
  const CodecRegistry codecs = test::make_toy_registry({ToyKind::lossy, ToyKind::plain});
  CompressedOptions options;
  options.rules = std::move(rules);
  options.fallback = std::move(fallback);
  return CompressedKvStore(bundled_backends().open("memory", {}).value(), codecs.codec(codec).value(), options, codecs);
}

SetOptions tensor(Dtype dtype, std::initializer_list<std::uint64_t> dims) {
  SetOptions options;
  options.tensor = make_tensor(dtype, std::span(dims.begin(), dims.size())).value();
  return options;
}

Rule rule_for(std::string match) {
  Rule rule;
  rule.match = std::move(match);
  return rule;
}

FrameInfo info_of(CompressedKvStore& store, std::string_view key) { return store.inspect(key).value().value(); }

const std::string value(768, 'x');

TEST(FallbackTest, IntegersNeverBecomeLossy) {
  CompressedKvStore store = make_store(lossy);
  ASSERT_TRUE(store.set("ids", value, tensor(Dtype::i32, {192})).ok());
  ASSERT_TRUE(store.set("k", value, tensor(Dtype::bf16, {2, 3, 64})).ok());
  EXPECT_EQ(info_of(store, "ids").format.name, plain);
  EXPECT_FALSE(info_of(store, "ids").lossy_origin);
  EXPECT_EQ((*store.get("ids"))->text(), value);
  EXPECT_EQ(info_of(store, "k").format.name, lossy);
  EXPECT_EQ(test::counter(store, "values_fallen_back"), 1u);
}

TEST(FallbackTest, OfARuleComesBeforeTheStores) {
  Rule rule = rule_for("a*");
  rule.fallback = "raw";
  CompressedKvStore store = make_store(lossy, {rule});
  for (const char* key : {"a", "b"}) ASSERT_TRUE(store.set(key, value, tensor(Dtype::u8, {768})).ok());
  EXPECT_EQ(info_of(store, "a").format.name, "raw");
  EXPECT_EQ(info_of(store, "b").format.name, plain);
}

TEST(FallbackTest, IsNeverLossy) {
  CompressedKvStore store = make_store(lossy, {}, lossy);
  const Status status = store.set("ids", value, tensor(Dtype::i32, {192}));
  EXPECT_EQ(status.code(), StatusCode::invalid_argument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is lossy"));
  Rule rule = rule_for("*");
  rule.fallback = lossy;
  EXPECT_EQ(make_store(plain, {rule}).set("k", value).code(), StatusCode::invalid_argument);
}

TEST(FallbackTest, OneThatIsMissingIsToldWhenItIsNeeded) {
  CompressedKvStore store = make_store(lossy, {}, "nope");
  EXPECT_TRUE(store.set("k", value, tensor(Dtype::bf16, {2, 3, 64})).ok());
  const Status status = store.set("ids", value, tensor(Dtype::i32, {192}));
  EXPECT_THAT(std::string(status.message()), HasSubstr("key \"ids\": fallback"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"nope\" is not known"));
}

TEST(ChooseTest, TellsRuleCodecShapeAndFallback) {
  Rule rule = rule_for("kv/*");
  rule.codec = lossy;
  rule.layout.head_dim = 64;
  CompressedKvStore store = make_store(plain, {rule_for("other"), rule});
  const SetOptions merged = [] {
    SetOptions options;
    options.tensor = make_tensor(Dtype::bf16, std::array<std::uint64_t, 2>{2, 192}, 0).value();
    return options;
  }();
  const Result<SetChoice> choice = store.choose("kv/0.k", 768, merged);
  ASSERT_TRUE(choice) << choice.status().to_string();
  ASSERT_NE(choice->rule, nullptr);
  EXPECT_EQ(choice->rule->match, "kv/*");
  EXPECT_EQ(choice->codec->format().name, lossy);
  EXPECT_FALSE(choice->is_fallback);
  EXPECT_EQ(to_string(*choice->shape), "bf16 [2, 3, 64]");
  const Result<SetChoice> ids = store.choose("kv/ids", 768, tensor(Dtype::i32, {192}));
  ASSERT_TRUE(ids) << ids.status().to_string();
  EXPECT_TRUE(ids->is_fallback);
  EXPECT_EQ(ids->codec->format().name, plain);
  EXPECT_EQ(store.choose("else", 768)->rule, nullptr);
}

TEST(RuleLayoutTest, LaysOutValuesThatComeWithAShape) {
  Rule rule = rule_for("*");
  rule.layout = {2, 64};
  CompressedKvStore store = make_store(plain, {rule});
  ASSERT_TRUE(store.set("k", value, tensor(Dtype::bf16, {1, 1, 2, 192})).ok());
  const TensorShape shape = info_of(store, "k").shape.value();
  EXPECT_EQ(to_string(shape), "bf16 [1, 1, 2, 3, 64]");
  EXPECT_EQ(shape.token_axis, 2);
  const Status status = store.set("k", value, tensor(Dtype::bf16, {2, 192}));
  EXPECT_EQ(status.to_string(),
            "invalid_argument: key \"k\": rule \"*\": tensor bf16 [2, 192]: token axis 2, expected one below 2");
}

TEST(RuleTensorTest, GivesAShapeToBytes) {
  Rule rule = rule_for("*");
  rule.tensor = TensorOfBytes{Dtype::bf16, {0, 3, 64}, {0, {}}};
  CompressedKvStore store = make_store(plain, {rule});
  ASSERT_TRUE(store.set("k", value).ok());
  EXPECT_EQ(to_string(info_of(store, "k").shape.value()), "bf16 [2, 3, 64]");
  EXPECT_EQ(store.set("k", value.substr(1)).to_string(),
            "invalid_argument: key \"k\": rule \"*\": the value has 767 bytes, expected a multiple of 384 for a tensor "
            "bf16 [1, 3, 64]");
  ASSERT_TRUE(store.set("typed", value, tensor(Dtype::u8, {768})).ok());
  EXPECT_EQ(to_string(info_of(store, "typed").shape.value()), "u8 [768]");
  SetOptions with_codec;
  with_codec.codec = "raw";
  ASSERT_TRUE(store.set("text", value.substr(1), with_codec).ok());
  EXPECT_EQ(info_of(store, "text").shape, std::nullopt);
  ASSERT_TRUE(store.set("empty", "").ok());
  EXPECT_EQ(to_string(info_of(store, "empty").shape.value()), "bf16 [0, 3, 64]");
}

TEST(ShapeOfTest, FillsInWhatTheBytesSay) {
  EXPECT_EQ(to_string(shape_of({Dtype::bf16, {}, {0, 64}}, 768).value()), "bf16 [6, 1, 64]");
  EXPECT_EQ(to_string(shape_of({Dtype::f32, {}, {}}, 768).value()), "f32 [192]");
  EXPECT_EQ(to_string(shape_of({Dtype::bf16, {2, 0, 96}, {1, 32}}, 768).value()), "bf16 [2, 2, 3, 32]");
  EXPECT_EQ(to_string(shape_of({Dtype::bf16, {2, 192}, {}}, 768).value()), "bf16 [2, 192]");
  EXPECT_EQ(shape_of({Dtype::bf16, {2, 192}, {}}, 384).status().message(),
            "the value has 384 bytes, expected 768 for a tensor bf16 [2, 192]");
}

TEST(LossyRecompressTest, HasToBeAllowedAndOnceOnly) {
  CompressedKvStore store = make_store(plain);
  ASSERT_TRUE(store.set("k", value, tensor(Dtype::bf16, {2, 3, 64})).ok());
  EXPECT_EQ(store.recompress("k", lossy).status().code(), StatusCode::invalid_argument);
  ASSERT_EQ(store.recompress("k", lossy, {.lossy = true}).value(), Recompressed::done);
  const LossReport once = info_of(store, "k").loss.value();
  EXPECT_GT(once.relative_error, 0);
  EXPECT_EQ(store.recompress("k", lossy, {.lossy = true}).value(), Recompressed::already);
  ASSERT_EQ(store.recompress("k", plain).value(), Recompressed::done);
  EXPECT_EQ(store.recompress("k", lossy, {.lossy = true}).value(), Recompressed::kept);
  EXPECT_EQ(info_of(store, "k").format.name, plain);
  ASSERT_EQ(store.recompress("k", lossy, {.lossy = true, .again = true}).value(), Recompressed::done);
  EXPECT_EQ(info_of(store, "k").loss, once);  // the second time there was nothing left to lose
}

TEST(LossyRecompressTest, LeavesIntegersToTheFallback) {
  CompressedKvStore store = make_store("raw");
  ASSERT_TRUE(store.set("ids", value, tensor(Dtype::i32, {192})).ok());
  EXPECT_EQ(store.recompress("ids", lossy).value(), Recompressed::done);
  EXPECT_EQ(info_of(store, "ids").format.name, plain);
}

}  // namespace
}  // namespace cinch
