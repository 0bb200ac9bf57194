// CompressedKvStore over stores of others: those that can do little, and those that keep no promise.
#include <gmock/gmock.h>

#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "cinch/keys.hpp"
#include "cinch/store_support.hpp"
#include "tools/examples/map_kv_store.hpp"

namespace cinch {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

std::shared_ptr<const Codec> codec(const char* spec) { return default_registry().codec(spec).value(); }

/// Answers as many results as it was told to, whatever was asked.
class Miscounting final : public KvStore {
 public:
  explicit Miscounting(std::size_t answers) : answers_(answers) {}
  GetResult get(std::string_view) override { return std::optional<Value>(); }
  Status set(std::string_view, const ValueParts&, const SetOptions&) override { return {}; }
  Status remove(std::string_view) override { return {}; }
  Result<bool> exists(std::string_view) override { return false; }
  Result<KeyPage> scan(std::string_view, std::optional<std::string_view>, std::size_t) override { return KeyPage(); }
  Status flush() override { return {}; }
  StoreStats stats() override { return {}; }
  std::vector<GetResult> batch_get(std::span<const std::string_view>) override {
    return std::vector<GetResult>(answers_, GetResult(std::optional<Value>()));
  }

 private:
  std::size_t answers_;
};

TEST(OwnStoreTest, WithoutStampsIsNotRecompressed) {
  CompressedKvStore store(std::make_shared<MapKvStore>(), codec("lz4"));
  SetOptions options;
  options.ttl = hours(1);
  ASSERT_TRUE(store.set("k", std::string(5000, 'x'), options).ok());
  EXPECT_EQ(store.recompress("k", "zstd").status().code(), StatusCode::unsupported);
  EXPECT_EQ(store.inspect("k").value()->format.name, "lz4");
}

TEST(OwnStoreTest, ThatAnswersTooManyOrTooFewIsNotBelieved) {
  const std::vector<std::string_view> keys = {"a", "b"};
  for (const std::size_t answers : {0u, 1u, 3u}) {
    CompressedKvStore store(std::make_shared<Miscounting>(answers), codec("lz4"));
    const std::vector<GetResult> results = store.batch_get(keys);
    ASSERT_EQ(results.size(), 2u);
    for (const GetResult& result : results) EXPECT_EQ(result.status().code(), StatusCode::io_error);
  }
}

TEST(OwnStoreTest, AFactoryThatGivesNoneIsAnError) {
  BackendRegistry backends;
  ASSERT_TRUE(backends.add("none", [](const Settings&) { return Result<std::shared_ptr<KvStore>>(nullptr); }).ok());
  EXPECT_THAT(backends.open("none", {}).status().to_string(), HasSubstr("backend \"none\": its factory gave no store"));
  EXPECT_EQ(backends.add("null", {}).to_string(), "invalid_argument: backend \"null\" has no factory");
}

TEST(SetPromisesTest, ARuleThatCannotBeFollowedRefusesEverySet) {
  CompressedOptions options;
  options.rules = {{"[z", "lz4", {}}};
  CompressedKvStore store(bundled_backends().open("memory", {}).value(), codec("lz4"), options);
  SetOptions raw;
  raw.codec = "raw";
  EXPECT_FALSE(store.set("k", "v").ok());
  EXPECT_FALSE(store.set("k", "v", raw).ok());
}

TEST(SetPromisesTest, ChooseRefusesWhatASetRefuses) {
  CompressedOptions options;
  options.max_value_bytes = 1000;
  CompressedKvStore store(bundled_backends().open("memory", {}).value(), codec("lz4"), options);
  EXPECT_EQ(store.choose("k", 1001).status().code(), StatusCode::too_large);
  EXPECT_EQ(store.choose(std::string(max_key_bytes + 1, 'k'), 1).status().code(), StatusCode::invalid_argument);
  EXPECT_TRUE(store.choose("k", 1000));
}

TEST(SetPromisesTest, AFrameLivesAsLongAsItsRuleSays) {
  CompressedOptions options;
  options.rules = {{"k", "", hours(1)}};
  CompressedKvStore store(bundled_backends().open("memory", {}).value(), codec("lz4"), options);
  ASSERT_TRUE(store.set("k", "v").ok());
  const Value frame = *store.get_frame("k").value();
  ASSERT_TRUE(store.set_frame("k", frame.bytes()).ok());
  EXPECT_GT(store.head("k", 0).value()->expires_at_ms, now_ms());
}

TEST(SetPromisesTest, HeadHasTheFirstBytesOfAValueInBlocks) {
  CompressedOptions options;
  options.block_bytes = 1000;
  CompressedKvStore store(bundled_backends().open("memory", {}).value(), codec("lz4"), options);
  std::string value;
  for (int i = 0; i < 2000; ++i) value += std::to_string(i);
  ASSERT_TRUE(store.set("k", value).ok());
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{1500}, value.size(), value.size() + 1}) {
    const Head head = store.head("k", n).value().value();
    EXPECT_EQ(head.size, value.size());
    EXPECT_EQ(head.first.text(), value.substr(0, n));
  }
}

TEST(SetPromisesTest, ACapacityWithoutEndIsNone) {
  const auto store = bundled_backends().open("memory", {{"capacity", std::string("16777215TiB")}}).value();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(store->set("k", std::string(100, 'x')).ok());
}

TEST(ExpiryOfTest, IsNeverForZeroAndBeyondAllTime) {
  EXPECT_EQ(expiry_of(std::chrono::milliseconds(0)), 0);
  EXPECT_EQ(expiry_of(std::chrono::milliseconds::max()), 0);
  const std::int64_t soon = expiry_of(std::chrono::milliseconds(1000)) - now_ms();
  EXPECT_GT(soon, 0);
  EXPECT_LE(soon, 1000);
}

TEST(DescribeKeyTest, IsEscapedAndNoLongerThanAMessageShouldBe) {
  EXPECT_EQ(describe_key(std::string_view("a\0b", 3)), R"(key "a\x00b")");
  const std::string text = describe_key(std::string(70'000, 'k'));
  EXPECT_LT(text.size(), 400u);
  EXPECT_THAT(text, HasSubstr("... of 70000 bytes"));
}

}  // namespace
}  // namespace cinch
