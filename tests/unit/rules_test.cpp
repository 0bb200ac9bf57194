// Rules by key, and values stored anew.
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "cinch/store_support.hpp"
#include "tests/support/fault_kv_store.hpp"
#include "tests/support/test_codecs.hpp"

namespace cinch {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

std::shared_ptr<KvStore> memory() { return bundled_backends().open("memory", {}).value(); }

CompressedKvStore make_store(std::vector<Rule> rules, std::shared_ptr<KvStore> inner = memory()) {
  CompressedOptions options;
  options.rules = std::move(rules);
  return CompressedKvStore(std::move(inner), default_registry().codec("lz4").value(), options);
}

const std::string long_value(5000, 'x');

std::string spec_of(CompressedKvStore& store, std::string_view key) {
  const auto info = store.inspect(key);
  return info && *info ? (*info)->format.spec() : "(none)";
}

std::int64_t expiry_of(CompressedKvStore& store, std::string_view key) {
  return store.head(key, 0).value()->expires_at_ms;
}

TEST(RulesTest, TheFirstRuleThatMatchesGivesTheCodec) {
  CompressedKvStore store = make_store({{"a*", "zstd:level=1", {}}, {"*b", "zstd:level=2", {}}});
  for (const char* key : {"ab", "bb", "cc"}) ASSERT_TRUE(store.set(key, long_value).ok());
  EXPECT_EQ(spec_of(store, "ab"), "zstd:level=1");
  EXPECT_EQ(spec_of(store, "bb"), "zstd:level=2");
  EXPECT_EQ(spec_of(store, "cc"), "lz4");
  for (const char* key : {"ab", "bb", "cc"}) EXPECT_EQ((*store.get(key))->text(), long_value);
}

TEST(RulesTest, ARuleWithoutACodecKeepsTheStores) {
  CompressedKvStore store = make_store({{"*", "", hours(1)}});
  ASSERT_TRUE(store.set("k", long_value).ok());
  EXPECT_EQ(spec_of(store, "k"), "lz4");
}

TEST(RulesTest, WhatASetSaysComesBeforeTheRule) {
  CompressedKvStore store = make_store({{"*", "zstd:level=1", hours(1)}});
  SetOptions options;
  options.codec = "raw";
  options.ttl = hours(10);
  ASSERT_TRUE(store.set("k", long_value, options).ok());
  EXPECT_EQ(spec_of(store, "k"), "raw");
  EXPECT_GT(expiry_of(store, "k"), now_ms() + milliseconds(hours(5)).count());
}

TEST(RulesTest, ARuleGivesATimeToLive) {
  CompressedKvStore store = make_store({{"brief/*", "", milliseconds(1)}, {"long/*", "", hours(1)}});
  ASSERT_TRUE(store.set("brief/k", long_value).ok());
  ASSERT_TRUE(store.set("long/k", long_value).ok());
  ASSERT_TRUE(store.set("k", long_value).ok());
  while (store.exists("brief/k").value()) std::this_thread::yield();
  EXPECT_GT(expiry_of(store, "long/k"), now_ms());
  EXPECT_EQ(expiry_of(store, "k"), 0);
}

TEST(RulesTest, ARuleGivesALengthOfBlocks) {
  CompressedKvStore store = make_store({{"a*", "", {}, 1024}, {"b*", "", {}, 0}});
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(store.set(key, std::string(600000, 'x')).ok());
  EXPECT_EQ(store.inspect("a").value()->block_bytes, 1024u);
  EXPECT_EQ(store.inspect("b").value()->block_bytes, 0u);
  EXPECT_EQ(store.inspect("c").value()->block_bytes, default_block_bytes);
}

TEST(RulesTest, BlocksAreAsLongAsSuitsTheCodecWhereNobodySays) {
  const std::string large(2000000, 'x');
  CompressedKvStore store = make_store({{"z", "zstd"}, {"short", "zstd", {}, 4096}});
  for (const char* key : {"lz4", "z", "short"}) ASSERT_TRUE(store.set(key, large).ok());
  EXPECT_EQ(store.inspect("lz4").value()->block_bytes, default_block_bytes);
  EXPECT_EQ(store.inspect("z").value()->block_bytes, 512u << 10);
  EXPECT_EQ(store.inspect("short").value()->block_bytes, 4096u);

  CompressedOptions options;
  options.block_bytes = 128 << 10;
  CompressedKvStore told(memory(), default_registry().codec("zstd").value(), options);
  ASSERT_TRUE(told.set("k", large).ok());
  EXPECT_EQ(told.inspect("k").value()->block_bytes, 128u << 10);
}

TEST(RulesTest, BatchesAndConditionalSetsFollowRules) {
  CompressedKvStore store = make_store({{"a*", "zstd:level=1", hours(1)}});
  const std::vector<SetItem> items = {{"a1", long_value}, {"b1", long_value}};
  ASSERT_TRUE(store.batch_set(items).ok());
  ASSERT_TRUE(store.set_if("a2", 0, long_value).value());
  EXPECT_EQ(spec_of(store, "a1"), "zstd:level=1");
  EXPECT_EQ(spec_of(store, "b1"), "lz4");
  EXPECT_EQ(spec_of(store, "a2"), "zstd:level=1");
  EXPECT_NE(expiry_of(store, "a1"), 0);
  EXPECT_NE(expiry_of(store, "a2"), 0);
}

TEST(RulesTest, ARuleThatCannotBeFollowedFailsSetsAndNotReads) {
  const std::shared_ptr<KvStore> inner = memory();
  ASSERT_TRUE(make_store({}, inner).set("k", long_value).ok());
  for (const Rule& rule : {Rule{"[", "lz4", {}}, Rule{"*", "nope", {}}, Rule{"*", "", milliseconds(-1)}}) {
    CompressedKvStore store = make_store({rule}, inner);
    EXPECT_EQ(store.set("k", "new").code(), StatusCode::invalid_argument);
    EXPECT_EQ((*store.get("k"))->text(), long_value);
  }
}

TEST(RulesTest, ATextIsSplitAtTheFirstEqualsSign) {
  EXPECT_EQ(parse_rule("a/*=zstd:level=9")->match, "a/*");
  EXPECT_EQ(parse_rule("a/*=zstd:level=9")->codec, "zstd:level=9");
  EXPECT_EQ(parse_rule("a").status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(parse_rule("a=").status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(parse_rule("=lz4").status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(parse_rule("[=lz4").status().code(), StatusCode::invalid_argument);
}

TEST(RecompressTest, StoresAnewOnceAndKeepsShapeAndExpiry) {
  CompressedKvStore store = make_store({});
  SetOptions options;
  options.ttl = hours(1);
  options.tensor = make_tensor(Dtype::bf16, std::array<std::uint64_t, 2>{50, 50}).value();
  ASSERT_TRUE(store.set("k", long_value, options).ok());
  EXPECT_EQ(store.recompress("k", "zstd:level=7").value(), Recompressed::done);
  EXPECT_EQ(spec_of(store, "k"), "zstd:level=7");
  EXPECT_EQ((*store.get("k"))->text(), long_value);
  EXPECT_EQ((*store.inspect("k"))->shape, options.tensor);
  EXPECT_GT(expiry_of(store, "k"), now_ms());
  EXPECT_EQ(store.recompress("k", "zstd:level=7").value(), Recompressed::already);
}

/// Recompresses a value that is touched, and time passes, just before its new frame is set; says when it expires.
std::int64_t expiry_after_touch(milliseconds ttl, milliseconds touched, milliseconds passing) {
  const auto inner = std::make_shared<test::FaultKvStore>(memory());
  CompressedKvStore store = make_store({}, inner);
  SetOptions options;
  options.ttl = ttl;
  EXPECT_TRUE(store.set("k", long_value, options).ok());
  inner->before_set_if = [&] {
    EXPECT_TRUE(store.touch("k", touched).value());
    std::this_thread::sleep_for(passing);
  };
  EXPECT_EQ(store.recompress("k", "zstd:level=7").value(), Recompressed::done);
  EXPECT_EQ((*store.get("k"))->text(), long_value);
  return expiry_of(store, "k");
}

TEST(RecompressTest, ATouchMeanwhileCounts) { EXPECT_EQ(expiry_after_touch(hours(1), {}, {}), 0); }

TEST(RecompressTest, ATouchJustBeforeItWouldHaveExpiredCounts) {
  EXPECT_GT(expiry_after_touch(milliseconds(200), hours(1), milliseconds(250)), now_ms());
}

TEST(RecompressTest, ValuesThatDoNotGetSmallerAreNotTriedTwice) {
  CompressedKvStore store = make_store({});
  ASSERT_TRUE(store.set("k", "short").ok());
  EXPECT_EQ(store.recompress("k", "zstd").value(), Recompressed::done);
  EXPECT_EQ(store.recompress("k", "zstd").value(), Recompressed::already);
  EXPECT_EQ((*store.get("k"))->text(), "short");
}

TEST(RecompressTest, WithoutASpecItIsWhatASetWouldUse) {
  const std::shared_ptr<KvStore> inner = memory();
  CompressedKvStore before = make_store({}, inner);
  for (const char* key : {"a", "b"}) ASSERT_TRUE(before.set(key, long_value).ok());
  CompressedKvStore store = make_store({{"a", "zstd:level=5", {}}}, inner);
  EXPECT_EQ(store.recompress("a").value(), Recompressed::done);
  EXPECT_EQ(store.recompress("b").value(), Recompressed::already);
  EXPECT_EQ(spec_of(store, "a"), "zstd:level=5");
}

TEST(RecompressTest, AnAbsentKeyIsAbsent) {
  CompressedKvStore store = make_store({});
  EXPECT_EQ(store.recompress("k", "zstd").value(), Recompressed::absent);
}

TEST(RecompressTest, DamageIsToldAndStays) {
  const std::shared_ptr<KvStore> inner = memory();
  CompressedKvStore store = make_store({}, inner);
  ASSERT_TRUE(store.set("k", long_value).ok());
  std::string frame((*inner->get("k"))->text());
  frame.back() = static_cast<char>(frame.back() ^ 1);
  ASSERT_TRUE(inner->set("k", frame).ok());
  EXPECT_EQ(store.recompress("k", "zstd").status().code(), StatusCode::corruption);
  EXPECT_EQ((*inner->get("k"))->text(), frame);
}

TEST(RecompressTest, WhatWasLostBeforeIsKeptInTheFrame) {
  CodecRegistry codecs = test::make_toy_registry({test::ToyKind::lossy, test::ToyKind::plain});
  CompressedKvStore store(memory(), test::make_toy_codec(test::ToyKind::lossy), {}, codecs);
  ASSERT_TRUE(store.set("k", long_value).ok());
  const FrameInfo before = *store.inspect("k").value();
  ASSERT_TRUE(before.lossy_origin);
  const std::string lossless = test::make_toy_codec(test::ToyKind::plain)->format().name;
  ASSERT_EQ(store.recompress("k", lossless).value(), Recompressed::done);
  const FrameInfo after = *store.inspect("k").value();
  EXPECT_EQ(after.format.name, lossless);
  EXPECT_TRUE(after.lossy_origin);
  EXPECT_EQ(after.loss, before.loss);
}

TEST(RecompressTest, ToALossyCodecIsRefused) {
  CodecRegistry codecs = test::make_toy_registry({test::ToyKind::lossy});
  CompressedKvStore store(memory(), codecs.codec("raw").value(), {}, codecs);
  ASSERT_TRUE(store.set("k", long_value).ok());
  const std::string lossy = test::make_toy_codec(test::ToyKind::lossy)->format().name;
  EXPECT_EQ(store.recompress("k", lossy).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ((*store.get("k"))->text(), long_value);
}

}  // namespace
}  // namespace cinch
