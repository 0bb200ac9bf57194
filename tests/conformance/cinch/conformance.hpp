/// What every `KvStore` promises (kv_store.hpp), as a GoogleTest suite to run over any of them, your own too.
///
/// In one source of a test program that links GTest::gtest_main and cinch::cinch:
///
///     #include <cinch/conformance.hpp>
///     using cinch::KvStoreConformance;
///     INSTANTIATE_TEST_SUITE_P(Mine, KvStoreConformance, testing::Values(cinch::StoreUnderTest{
///         "mine", [](const std::string&) { return std::make_shared<MyStore>(); }}));
///
/// What happens on many threads is in conformance_threads.hpp.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "cinch/conformance_store.hpp"
#include "cinch/keys.hpp"
#include "cinch/store_support.hpp"

namespace cinch {

class KvStoreConformance : public ConformanceTest {};

TEST_P(KvStoreConformance, GetsWhatWasSet) {
  set("k", "value");
  EXPECT_EQ(get("k"), "value");
}

TEST_P(KvStoreConformance, AnAbsentKeyIsNothingAndNoError) {
  EXPECT_EQ(get("k"), absent);
  EXPECT_FALSE(exists("k"));
  EXPECT_FALSE(store().head("k", 10).value().has_value());
}

TEST_P(KvStoreConformance, SetReplaces) {
  set("k", "a long first value");
  set("k", "second");
  EXPECT_EQ(get("k"), "second");
  EXPECT_EQ(keys(), strings({"k"}));
}

TEST_P(KvStoreConformance, RemoveRemovesThatKeyAlone) {
  set("a", "1");
  set("ab", "2");
  ASSERT_TRUE(store().remove("a").ok());
  EXPECT_EQ(get("a"), absent);
  EXPECT_FALSE(exists("a"));
  EXPECT_EQ(get("ab"), "2");
}

TEST_P(KvStoreConformance, RemoveOfAnAbsentKeyIsNoError) {
  EXPECT_TRUE(store().remove("k").ok());
  set("k", "v");
  ASSERT_TRUE(store().remove("k").ok());
  EXPECT_TRUE(store().remove("k").ok());
}

TEST_P(KvStoreConformance, ARemovedKeyCanBeSetAgain) {
  set("k", "first");
  ASSERT_TRUE(store().remove("k").ok());
  set("k", "second");
  EXPECT_EQ(get("k"), "second");
}

TEST_P(KvStoreConformance, ValuesOfEveryLengthComeBack) {
  for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 511u, 512u, 513u, 4095u, 4096u, 4097u, 65535u, 65536u, 65537u,
                                 1u << 20, (1u << 20) + 1, 16u << 20}) {
    for (const bool noise : {false, true}) {
      const std::string value = noise ? noise_of(size) : text_of(size);
      set("k", value);
      EXPECT_TRUE(get("k") == value) << size << (noise ? " bytes of noise" : " bytes of text");
      EXPECT_TRUE(exists("k")) << size;
    }
  }
}

TEST_P(KvStoreConformance, KeysAreArbitraryBytes) {
  const std::vector<std::string> all = {"",         std::string(1, '\0'),  std::string(2, '\0'), "\x01",
                                        "a",        "a\\b/c *?",           "\xc3\xa4",           "\xff",
                                        "\xff\xff", std::string("a\0b", 3)};
  for (const std::string& key : all) set(key, "value of " + key);
  for (const std::string& key : all) EXPECT_EQ(get(key), "value of " + key) << escape_key(key);
  std::vector<std::string> sorted = all;
  std::ranges::sort(sorted, byte_order);
  EXPECT_EQ(keys(), sorted);
}

TEST_P(KvStoreConformance, KeysUpTo64KiBAreTaken) {
  const std::string key(max_key_bytes, 'k');
  set(key, "v");
  EXPECT_EQ(get(key), "v");
  EXPECT_EQ(keys(), strings({key}));
}

TEST_P(KvStoreConformance, LongerKeysAreRefusedByEveryFunction) {
  const std::string key(max_key_bytes + 1, 'k');
  const auto refused = StatusCode::invalid_argument;
  EXPECT_EQ(store().get(key).status().code(), refused);
  EXPECT_EQ(store().set(key, "v").code(), refused);
  EXPECT_EQ(store().remove(key).code(), refused);
  EXPECT_EQ(store().exists(key).status().code(), refused);
  EXPECT_EQ(store().head(key, 1).status().code(), refused);
  EXPECT_EQ(store().batch_set(std::vector<SetItem>{{key, "v"}}).code(), refused);
  std::byte room[8];
  EXPECT_EQ(store().get_into(key, room).status().code(), refused);
  if (GetParam().has_stamps) {
    EXPECT_EQ(store().touch(key, {}).status().code(), refused);
    EXPECT_EQ(store().set_if(key, 0, "v").status().code(), refused);
  }
}

TEST_P(KvStoreConformance, ThePartsOfAValueAreStoredOneAfterTheOther) {
  const std::string tail = text_of(5000);
  const std::vector<ByteView> parts = {as_bytes("head "), ByteView(), as_bytes(tail), as_bytes("!")};
  ASSERT_TRUE(store().set("k", ValueParts(std::span(parts))).ok());
  EXPECT_EQ(get("k"), "head " + tail + "!");
  ASSERT_TRUE(store().set("none", ValueParts(std::span<const ByteView>())).ok());
  EXPECT_EQ(get("none"), "");
}

TEST_P(KvStoreConformance, AValueOutlivesItsKeyAndItsStore) {
  const std::string text = text_of(100000);
  set("replaced", text);
  set("removed", text);
  set("kept", text);
  const Value replaced = **store().get("replaced");
  const Value removed = **store().get("removed");
  const Value kept = **store().get("kept");
  set("replaced", noise_of(100000));
  ASSERT_TRUE(store().remove("removed").ok());
  ASSERT_TRUE(store().close().ok());
  drop_store();
  EXPECT_EQ(replaced.text(), text);
  EXPECT_EQ(removed.text(), text);
  EXPECT_EQ(kept.text(), text);
}

TEST_P(KvStoreConformance, ScanIsInByteOrder) {
  std::vector<std::string> all;
  for (int i = 0; i < 256; ++i) all.push_back("k" + std::string(1, static_cast<char>(i)));
  std::ranges::shuffle(all, random());
  for (const std::string& key : all) set(key, "v");
  std::ranges::sort(all, byte_order);
  EXPECT_EQ(keys(), all);
}

TEST_P(KvStoreConformance, ScanGivesKeysWithThePrefix) {
  for (const char* key : {"", "a", "a/", "a/1", "a/2", "a0", "b", "\xff", "\xff\xff", "\xff\xff\x01"}) set(key, "v");
  EXPECT_EQ(keys("a/"), strings({"a/", "a/1", "a/2"}));
  EXPECT_EQ(keys("\xff\xff"), strings({"\xff\xff", "\xff\xff\x01"}));
  EXPECT_EQ(keys("a/1"), strings({"a/1"}));
  EXPECT_EQ(keys("c"), strings({}));
  EXPECT_EQ(keys("").size(), 10u);
}

TEST_P(KvStoreConformance, ScanGoesOnAfterAnyKey) {
  for (const char* key : {"a", "b", "c", "d/1", "d/2", "e"}) set(key, "v");
  const auto after = [&](std::string_view prefix, std::string_view key) {
    return store().scan(prefix, key).value().keys;
  };
  EXPECT_EQ(after("", "b"), strings({"c", "d/1", "d/2", "e"}));
  EXPECT_EQ(after("", "bb"), strings({"c", "d/1", "d/2", "e"}));  // no such key
  EXPECT_EQ(after("d/", "a"), strings({"d/1", "d/2"}));           // before the prefix
  EXPECT_EQ(after("d/", "d/1"), strings({"d/2"}));
  EXPECT_EQ(after("d/", "e"), strings({}));  // behind the prefix
  EXPECT_EQ(after("", ""), strings({"a", "b", "c", "d/1", "d/2", "e"}));
}

TEST_P(KvStoreConformance, ScanPagesAreOfTheLimitAndSayWhetherThereIsMore) {
  for (const char* key : {"a", "b", "c", "d"}) set(key, "v");
  KeyPage page = store().scan("", std::nullopt, 3).value();
  EXPECT_EQ(page.keys, strings({"a", "b", "c"}));
  EXPECT_TRUE(page.more);
  page = store().scan("", "c", 3).value();
  EXPECT_EQ(page.keys, strings({"d"}));
  EXPECT_FALSE(page.more);
  EXPECT_FALSE(store().scan("", std::nullopt, 4).value().more);
  EXPECT_FALSE(store().scan("x").value().more);
}

TEST_P(KvStoreConformance, ForEachKeyGoesThroughManyPages) {
  std::vector<std::string> all;
  for (int i = 0; i < 9000; ++i) all.push_back("key" + std::to_string(100000 + i));
  for (std::size_t i = 0; i < all.size(); i += 1000) {
    std::vector<SetItem> items;
    for (std::size_t j = i; j < i + 1000; ++j) items.push_back({all[j], "v"});
    ASSERT_TRUE(store().batch_set(items).ok());
  }
  EXPECT_EQ(keys(), all);
}

TEST_P(KvStoreConformance, PagesSurviveWritesBetweenThem) {
  for (int i = 0; i < 100; ++i) set("stays" + std::to_string(100 + i), "v");
  std::vector<std::string> seen;
  std::optional<std::string> after;
  for (int turn = 0;; ++turn) {
    const KeyPage page = store().scan("", after, 7).value();
    for (const std::string& key : page.keys) {
      if (key.starts_with("stays")) seen.push_back(key);
    }
    if (!page.more) break;
    after = page.keys.back();
    set("a" + std::to_string(turn), "v");
    set("stays1500" + std::to_string(turn), text_of(200));
    ASSERT_TRUE(store().remove("a" + std::to_string(turn - 1)).ok());
  }
  std::erase_if(seen, [](const std::string& key) { return key.size() > 8; });
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_P(KvStoreConformance, AnExpiredKeyIsAbsentToEveryCall) {
  set("stays", "v");
  SetOptions options;
  options.ttl = std::chrono::milliseconds(40);
  ASSERT_TRUE(store().set("goes", "v", options).ok());
  ASSERT_TRUE(wait_until([&] { return get("goes") == absent; }));
  EXPECT_FALSE(exists("goes"));
  EXPECT_FALSE(store().head("goes", 1).value().has_value());
  EXPECT_FALSE(store().batch_get(std::vector<std::string_view>{"goes"})[0].value().has_value());
  EXPECT_EQ(keys(), strings({"stays"}));
  EXPECT_EQ(get("stays"), "v");
  if (GetParam().has_stamps) {
    EXPECT_FALSE(store().touch("goes", std::chrono::hours(1)).value());
    EXPECT_TRUE(store().set_if("goes", 0, "again").value());
    EXPECT_EQ(get("goes"), "again");
  }
}

TEST_P(KvStoreConformance, ATimeToLiveIsThatOfTheLastSet) {
  SetOptions options;
  options.ttl = std::chrono::milliseconds(30);
  ASSERT_TRUE(store().set("kept", "first", options).ok());
  set("kept", "second");
  ASSERT_TRUE(store().set("probe", "v", options).ok());
  options.ttl = std::chrono::hours(1);
  ASSERT_TRUE(store().set("long", "v", options).ok());
  ASSERT_TRUE(wait_until([&] { return get("probe") == absent; }));
  EXPECT_EQ(get("kept"), "second");
  EXPECT_EQ(get("long"), "v");
}

TEST_P(KvStoreConformance, ATimeToLiveBeyondAllTimeIsForEver) {
  SetOptions options;
  options.ttl = std::chrono::milliseconds::max();
  ASSERT_TRUE(store().set("k", "v", options).ok());
  EXPECT_TRUE(store().exists("k").value_or(false));
}

TEST_P(KvStoreConformance, ANegativeTimeToLiveIsRefused) {
  SetOptions options;
  options.ttl = std::chrono::milliseconds(-1);
  EXPECT_EQ(store().set("k", "v", options).code(), StatusCode::invalid_argument);
  EXPECT_EQ(get("k"), absent);
}

TEST_P(KvStoreConformance, ACodecIsFollowedOrRefused) {
  SetOptions options;
  options.codec = "raw";
  const Status status = store().set("k", "v", options);
  EXPECT_EQ(status.code(), GetParam().has_codecs ? StatusCode::ok : StatusCode::invalid_argument);
  EXPECT_EQ(get("k"), GetParam().has_codecs ? "v" : absent);
}

TEST_P(KvStoreConformance, AShapeIsNoObstacle) {
  SetOptions options;
  options.tensor = *make_tensor(Dtype::u8, std::vector<std::uint64_t>{2, 3, 4});
  ASSERT_TRUE(store().set("k", std::string(24, 't'), options).ok());
  EXPECT_EQ(get("k"), std::string(24, 't'));
}

TEST_P(KvStoreConformance, BatchGetAnswersInTheOrderOfItsKeys) {
  set("a", "1");
  set("b", text_of(10000));
  const std::vector<std::string_view> asked = {"b", "nothing", "a", "b"};
  const std::vector<GetResult> results = store().batch_get(asked);
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ((*results[0])->text(), text_of(10000));
  EXPECT_FALSE((*results[1]).has_value());
  EXPECT_EQ((*results[2])->text(), "1");
  EXPECT_EQ((*results[3])->text(), text_of(10000));
  EXPECT_TRUE(store().batch_get({}).empty());
}

TEST_P(KvStoreConformance, BatchGetGivesEachKeyAStatusOfItsOwn) {
  set("a", "1");
  const std::string too_long(max_key_bytes + 1, 'k');
  const std::vector<std::string_view> asked = {too_long, "a"};
  const std::vector<GetResult> results = store().batch_get(asked);
  EXPECT_EQ(results[0].status().code(), StatusCode::invalid_argument);
  EXPECT_EQ((*results[1])->text(), "1");
}

TEST_P(KvStoreConformance, BatchSetSetsInOrder) {
  const std::string large = text_of(20000);
  ASSERT_TRUE(store().batch_set(std::vector<SetItem>{{"a", "1"}, {"b", large}, {"a", "2"}, {"c", ""}}).ok());
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(get("b"), large);
  EXPECT_EQ(get("c"), "");
  EXPECT_TRUE(store().batch_set({}).ok());
}

TEST_P(KvStoreConformance, AnAtomicBatchIsSetWholeOrNotAtAll) {
  if (!GetParam().atomic_batches) GTEST_SKIP() << "batches of " << GetParam().name << " are not atomic";
  set("a", "old");
  const std::string too_long(max_key_bytes + 1, 'k');
  EXPECT_FALSE(store().batch_set(std::vector<SetItem>{{"a", "new"}, {"b", "new"}, {too_long, "v"}}).ok());
  EXPECT_EQ(get("a"), "old");
  EXPECT_EQ(get("b"), absent);
}

TEST_P(KvStoreConformance, GetIntoCopiesToTheCallersBuffer) {
  for (const std::string& value : {std::string(), text_of(1000), text_of(100000), noise_of(100000)}) {
    set("k", value);
    std::vector<std::byte> room(value.size() + 3, std::byte{0x77});
    EXPECT_EQ(store().get_into("k", std::span(room).first(value.size())).value(), value.size());
    EXPECT_EQ(as_text(ByteView(room).first(value.size())), value);
    EXPECT_TRUE(std::ranges::all_of(std::span(room).last(3), [](std::byte b) { return b == std::byte{0x77}; }));
    EXPECT_EQ(store().get_into("k", room).value(), value.size());
    EXPECT_EQ(as_text(ByteView(room).first(value.size())), value);
  }
  std::byte room[4];
  EXPECT_FALSE(store().get_into("absent", room).value().has_value());
}

TEST_P(KvStoreConformance, GetIntoABufferThatIsTooSmallNamesTheLength) {
  set("k", text_of(12345));
  std::vector<std::byte> room(12344);
  const auto result = store().get_into("k", room);
  EXPECT_EQ(result.status().code(), StatusCode::invalid_argument);
  EXPECT_NE(result.status().message().find("12345"), std::string_view::npos) << result.status().message();
}

TEST_P(KvStoreConformance, GetRangeGivesTheBytesThatWereAskedFor) {
  for (const std::string& value : {text_of(100000), noise_of(100000), std::string("short"), std::string()}) {
    set("k", value);
    const std::size_t size = value.size();
    for (const auto& [from, to] : {std::pair<std::size_t, std::size_t>{0, size},
                                   {0, 0},
                                   {size, size},
                                   {size / 2, size},
                                   {size / 3, size / 2},
                                   {size > 0 ? 1 : 0, size > 0 ? 2 : 0}}) {
      std::vector<std::byte> room(to - from);
      const Result<bool> found = store().get_range("k", from, room);
      ASSERT_TRUE(found.has_value()) << found.status().to_string();
      EXPECT_TRUE(*found);
      EXPECT_TRUE(as_text(room) == std::string_view(value).substr(from, to - from)) << from << " to " << to;
    }
  }
}

TEST_P(KvStoreConformance, GetRangeBeyondTheValueIsRefused) {
  set("k", text_of(1000));
  std::vector<std::byte> room(10);
  EXPECT_EQ(store().get_range("k", 991, room).status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(store().get_range("k", UINT64_MAX, room).status().code(), StatusCode::invalid_argument);
  EXPECT_FALSE(store().get_range("absent", 0, room).value());
}

TEST_P(KvStoreConformance, HeadGivesLengthAndFirstBytes) {
  for (const std::string& value : {std::string(), std::string("short"), text_of(5000), noise_of(100000)}) {
    set("k", value);
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{600}, value.size(), value.size() + 1}) {
      const Head head = store().head("k", n).value().value();
      EXPECT_EQ(head.size, value.size());
      EXPECT_EQ(head.first.text(), std::string_view(value).substr(0, n));
      EXPECT_EQ(head.expires_at_ms, 0);
    }
  }
}

TEST_P(KvStoreConformance, RemovePrefixRemovesWhatStartsWithItAndCounts) {
  for (const char* key : {"a", "a/1", "a/2", "b", ""}) set(key, "v");
  EXPECT_EQ(store().remove_prefix("a/").value(), 2u);
  EXPECT_EQ(keys(), strings({"", "a", "b"}));
  EXPECT_EQ(store().remove_prefix("nothing").value(), 0u);
  EXPECT_EQ(store().remove_prefix("").value(), 3u);
  EXPECT_EQ(keys(), strings({}));
}

TEST_P(KvStoreConformance, StatsCountTheValues) {
  EXPECT_EQ(store().stats().values, 0u);
  for (int i = 0; i < 100; ++i) set("k" + std::to_string(i), noise_of(10000));
  set("k0", noise_of(9999));
  ASSERT_TRUE(store().remove("k1").ok());
  ASSERT_TRUE(store().flush().ok());
  const StoreStats stats = store().stats();
  EXPECT_TRUE(stats.estimated || stats.values == 99) << stats.values;
  EXPECT_GT(stats.stored_bytes, 99u * 9999);
}

TEST_P(KvStoreConformance, AClosedStoreAnswersClosed) {
  if (!GetParam().closes) GTEST_SKIP() << GetParam().name << " has no close of its own";
  set("k", "v");
  ASSERT_TRUE(store().close().ok());
  EXPECT_EQ(store().get("k").status().code(), StatusCode::closed);
  EXPECT_EQ(store().set("k", "v").code(), StatusCode::closed);
  EXPECT_EQ(store().remove("k").code(), StatusCode::closed);
  EXPECT_EQ(store().exists("k").status().code(), StatusCode::closed);
  EXPECT_EQ(store().scan("").status().code(), StatusCode::closed);
  EXPECT_EQ(store().flush().code(), StatusCode::closed);
  EXPECT_EQ(store().batch_set(std::vector<SetItem>{{"k", "v"}}).code(), StatusCode::closed);
  EXPECT_EQ(store().batch_get(std::vector<std::string_view>{"k"})[0].status().code(), StatusCode::closed);
  EXPECT_EQ(store().head("k", 1).status().code(), StatusCode::closed);
  EXPECT_EQ(store().remove_prefix("k").status().code(), StatusCode::closed);
  (void)store().stats();
}

TEST_P(KvStoreConformance, StampsAreNewAtEverySet) {
  if (!GetParam().has_stamps) {
    EXPECT_EQ(store().set_if("k", 0, "v").status().code(), StatusCode::unsupported);
    return;
  }
  std::vector<std::uint64_t> stamps;
  for (int i = 0; i < 5; ++i) {
    set("k", "v");
    stamps.push_back(store().head("k", 0).value()->stamp);
    if (i == 2) {
      ASSERT_TRUE(store().remove("k").ok());
    }
  }
  std::ranges::sort(stamps);
  EXPECT_EQ(std::ranges::adjacent_find(stamps), stamps.end());
  EXPECT_GT(stamps.front(), 0u);
}

TEST_P(KvStoreConformance, SetIfSetsOnlyAtTheStampItWasToldOf) {
  if (!GetParam().has_stamps) GTEST_SKIP() << GetParam().name << " has no stamps";
  EXPECT_FALSE(store().set_if("k", 7, "v").value());  // absent
  EXPECT_EQ(get("k"), absent);
  EXPECT_TRUE(store().set_if("k", 0, "first").value());
  EXPECT_FALSE(store().set_if("k", 0, "other").value());
  const std::uint64_t stamp = store().head("k", 0).value()->stamp;
  EXPECT_TRUE(store().set_if("k", stamp, text_of(5000)).value());
  EXPECT_FALSE(store().set_if("k", stamp, "third").value());
  EXPECT_EQ(get("k"), text_of(5000));
}

TEST_P(KvStoreConformance, SetIfKeepsATimeToLiveWhenItIsToldTo) {
  if (!GetParam().has_stamps) GTEST_SKIP() << GetParam().name << " has no stamps";
  SetOptions options;
  options.ttl = std::chrono::minutes(1);
  options.keep_ttl = true;
  for (const std::string& value : {std::string("small"), text_of(10000)}) {
    ASSERT_TRUE(store().remove("k").ok());
    const std::int64_t before = now_ms();
    EXPECT_TRUE(store().set_if("k", 0, value, options).value());  // there is none to keep
    const Head set = *store().head("k", 0).value();
    EXPECT_GE(set.expires_at_ms, before + 60'000);
    EXPECT_TRUE(store().touch("k", std::chrono::hours(1)).value());
    const std::int64_t touched = store().head("k", 0).value()->expires_at_ms;
    EXPECT_GE(touched, before + 3'600'000);
    EXPECT_TRUE(store().set_if("k", set.stamp, value + "2", options).value());
    EXPECT_EQ(store().head("k", 0).value()->expires_at_ms, touched);
    EXPECT_EQ(get("k"), value + "2");
    EXPECT_TRUE(store().touch("k", {}).value());
    EXPECT_TRUE(store().set_if("k", store().head("k", 0).value()->stamp, value, options).value());
    EXPECT_EQ(store().head("k", 0).value()->expires_at_ms, 0);
  }
}

TEST_P(KvStoreConformance, TouchGivesANewTimeToLive) {
  if (!GetParam().has_stamps) {
    EXPECT_EQ(store().touch("k", {}).status().code(), StatusCode::unsupported);
    return;
  }
  EXPECT_FALSE(store().touch("k", std::chrono::hours(1)).value());
  const std::string value = text_of(10000);
  set("k", value);
  const std::int64_t before = now_ms();
  EXPECT_TRUE(store().touch("k", std::chrono::hours(1)).value());
  const std::int64_t expires = store().head("k", 0).value()->expires_at_ms;
  EXPECT_GE(expires, before + 3'600'000);
  EXPECT_LE(expires, now_ms() + 3'600'000);
  EXPECT_EQ(get("k"), value);
  EXPECT_TRUE(store().touch("k", {}).value());
  EXPECT_EQ(store().head("k", 0).value()->expires_at_ms, 0);
  EXPECT_TRUE(store().touch("k", std::chrono::milliseconds(30)).value());
  EXPECT_TRUE(wait_until([&] { return get("k") == absent; }));
}

TEST_P(KvStoreConformance, EverythingIsThereAfterReopening) {
  if (!GetParam().persistent) GTEST_SKIP() << GetParam().name << " does not persist";
  set("small", "v");
  set("empty", "");
  set("large", noise_of(300000));
  set("removed", "v");
  ASSERT_TRUE(store().remove("removed").ok());
  SetOptions options;
  options.ttl = std::chrono::hours(1);
  ASSERT_TRUE(store().set("expires", "v", options).ok());
  const std::int64_t expires = store().head("expires", 0).value()->expires_at_ms;
  ASSERT_TRUE(store().close().ok());
  reopen();
  EXPECT_EQ(get("small"), "v");
  EXPECT_EQ(get("empty"), "");
  EXPECT_EQ(get("large"), noise_of(300000));
  EXPECT_EQ(store().head("expires", 0).value()->expires_at_ms, expires);
  EXPECT_EQ(keys(), strings({"empty", "expires", "large", "small"}));
}

TEST_P(KvStoreConformance, BehavesLikeAMap) {
  std::map<std::string, std::string> model;
  const auto pick = [&](std::size_t limit) { return random()() % limit; };
  for (int i = 0; i < 3000; ++i) {
    const std::string key(1 + pick(3), static_cast<char>('a' + pick(3)));
    switch (pick(6)) {
      case 0:
        ASSERT_TRUE(store().remove(key).ok());
        model.erase(key);
        break;
      case 1:
      case 2: {
        const std::string value = pick(2) ? text_of(pick(9000)) : noise_of(pick(9000));
        set(key, value);
        model[key] = value;
        break;
      }
      case 3: EXPECT_EQ(exists(key), model.contains(key)); break;
      case 4: EXPECT_EQ(get(key), model.contains(key) ? model[key] : absent); break;
      default: {
        std::vector<std::string> expected;
        for (const auto& [known, value] : model) {
          if (known.starts_with(key)) expected.push_back(known);
        }
        EXPECT_EQ(keys(key), expected);
      }
    }
  }
  EXPECT_EQ(keys().size(), model.size());
}

}  // namespace cinch
