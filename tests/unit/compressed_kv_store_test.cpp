// What CompressedKvStore adds to the store it wraps; the generic facts are in the conformance suite.
#include "cinch/compressed_kv_store.hpp"

#include <gmock/gmock.h>

#include "cinch/backend_registry.hpp"
#include "cinch/store_support.hpp"
#include "engine/checksum.hpp"
#include "engine/frame_writer.hpp"
#include "tests/support/fault_kv_store.hpp"
#include "tests/support/random.hpp"
#include "tests/support/store_counter.hpp"
#include "tests/support/test_codecs.hpp"

namespace cinch {
namespace {

using test::make_toy_codec;
using test::make_toy_registry;
using test::noise;
using test::ToyKind;
using testing::HasSubstr;

std::shared_ptr<KvStore> memory() { return *bundled_backends().open("memory", {}); }

std::shared_ptr<const Codec> codec(std::string_view spec) { return *default_registry().codec(spec); }

std::string text(std::size_t size) {
  std::string out;
  for (int i = 0; out.size() < size; ++i) out += "line " + std::to_string(i) + " of a text that compresses\n";
  return out.substr(0, size);
}

std::string get(KvStore& store, std::string_view key) {
  GetResult value = store.get(key);
  if (!value) return value.error().to_string();
  return *value ? std::string((*value)->text()) : "absent";
}

/// Flips one bit of the stored frame of `key`.
void damage(KvStore& inner, std::string_view key, std::size_t byte_from_end) {
  std::string stored(get(inner, key));
  stored[stored.size() - 1 - byte_from_end] ^= 4;
  ASSERT_TRUE(inner.set(key, stored).ok());
}

TEST(CompressedKvStoreTest, TellsWhatItIsMadeOf) {
  const auto inner = memory();
  const auto zstd = codec("zstd:level=5");
  CompressedKvStore store(inner, zstd);
  EXPECT_EQ(store.inner(), inner);
  EXPECT_EQ(store.codec(), zstd);
  EXPECT_EQ(store.codec()->format().spec(), "zstd:level=5");
}

TEST(CompressedKvStoreTest, AStoreIsReadWithAnyOtherCodecConfigured) {
  const auto inner = memory();
  const std::string value = text(5000);
  for (const char* spec : {"raw", "lz4", "lz4:hc=12", "zstd", "zstd:level=-3", "zstd:level=19"}) {
    CompressedKvStore writer(inner, codec(spec));
    ASSERT_TRUE(writer.set(spec, value).ok());
  }
  for (const char* configured : {"raw", "lz4", "zstd"}) {
    CompressedKvStore reader(inner, codec(configured));
    for (const char* spec : {"raw", "lz4", "lz4:hc=12", "zstd", "zstd:level=-3", "zstd:level=19"}) {
      EXPECT_EQ(get(reader, spec), value) << spec << " read with " << configured;
    }
  }
}

TEST(CompressedKvStoreTest, OneValueCanHaveACodecOfItsOwn) {
  CompressedKvStore store(memory(), codec("lz4"));
  SetOptions options;
  options.codec = "zstd:level=9";
  ASSERT_TRUE(store.set("k", text(5000), options).ok());
  EXPECT_EQ(store.inspect("k").value()->format.spec(), "zstd:level=9");
  options.codec = "zsdt";
  const Status status = store.set("k", "v", options);
  EXPECT_EQ(status.code(), StatusCode::invalid_argument);
  EXPECT_THAT(status.message(), HasSubstr("zstd"));
}

TEST(CompressedKvStoreTest, WritesNothingThatItsCodecsCannotRead) {
  CompressedKvStore store(memory(), make_toy_codec(ToyKind::plain));
  const Status set = store.set("k", text(5000));
  EXPECT_EQ(set.code(), StatusCode::codec_missing) << set.to_string();
  EXPECT_FALSE(store.exists("k").value());
}

TEST(CompressedKvStoreTest, ValuesTakeLessRoom) {
  const auto inner = memory();
  CompressedKvStore store(inner, codec("zstd"));
  ASSERT_TRUE(store.set("k", text(100000)).ok());
  EXPECT_LT((*inner->get("k"))->size(), 100000u / 5);
  EXPECT_EQ(store.head("k", 0).value()->size, 100000u);
}

TEST(CompressedKvStoreTest, IncompressibleValuesAreHandedOutWithoutACopy) {
  const auto inner = memory();
  CompressedKvStore store(inner, codec("lz4"));
  ASSERT_TRUE(store.set("k", noise(100000)).ok());
  const Value stored = **inner->get("k");
  const Value value = **store.get("k");
  EXPECT_GE(value.data(), stored.data());
  EXPECT_LE(value.data() + value.size(), stored.data() + stored.size());
  EXPECT_TRUE(store.inspect("k").value()->stored_raw);
  EXPECT_EQ(store.inspect("k").value()->effective_format(), "raw");
}

TEST(CompressedKvStoreTest, RawTensorsInMemoryAreAligned) {
  CompressedKvStore store(memory(), codec("raw"));
  SetOptions options;
  options.tensor = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{100, 3, 64});
  ASSERT_TRUE(store.set("k", noise(100 * 3 * 64 * 2), options).ok());
  const Value value = **store.get("k");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(value.data()) % 64, 0u);
}

TEST(CompressedKvStoreTest, TheShapeOfATensorIsKept) {
  CompressedKvStore store(memory(), codec("zstd"));
  SetOptions options;
  options.tensor = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{10, 3, 64});
  ASSERT_TRUE(store.set("k", text(10 * 3 * 64 * 2), options).ok());
  EXPECT_EQ(store.inspect("k").value()->shape, options.tensor);
  const Status status = store.set("layers.0.k", text(100), options);
  EXPECT_EQ(
      status.to_string(),
      "invalid_argument: key \"layers.0.k\": the value has 100 bytes, expected 3840 for a tensor bf16 [10, 3, 64]");
}

TEST(CompressedKvStoreTest, OneFlippedBitIsCorruptionThatNamesTheKey) {
  for (const char* spec : {"raw", "lz4", "zstd"}) {
    const auto inner = memory();
    CompressedKvStore store(inner, codec(spec));
    ASSERT_TRUE(store.set("a\x01", text(5000)).ok());
    damage(*inner, "a\x01", 50);
    const GetResult value = store.get("a\x01");
    ASSERT_FALSE(value) << spec;
    EXPECT_EQ(value.error().code(), StatusCode::corruption);
    EXPECT_THAT(value.error().message(), HasSubstr("\"a\\x01\""));
    EXPECT_EQ(test::counter(store, "values_damaged"), 1u);
  }
}

TEST(CompressedKvStoreTest, WhatIsNoFrameIsCorruption) {
  const auto inner = memory();
  ASSERT_TRUE(inner->set("k", "just bytes").ok());
  CompressedKvStore store(inner, codec("lz4"));
  EXPECT_EQ(store.get("k").status().code(), StatusCode::corruption);
  EXPECT_EQ(store.inspect("k").status().code(), StatusCode::corruption);
  EXPECT_TRUE(store.remove("k").ok());
}

TEST(CompressedKvStoreTest, AMissingCodecCostsReadsOfItsValuesAndNothingElse) {
  const auto inner = memory();
  CompressedKvStore writer(inner, codec("zstd:level=7"));
  ASSERT_TRUE(writer.set("gone", text(5000)).ok());
  CompressedKvStore store(inner, *CodecRegistry().codec("raw"), {}, CodecRegistry());
  const GetResult value = store.get("gone");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code(), StatusCode::codec_missing);
  EXPECT_THAT(value.error().message(), HasSubstr("level=7"));
  EXPECT_TRUE(store.get_frame("gone")) << "shallow verification needs no codec";
  EXPECT_EQ(store.inspect("gone").value()->decoded_bytes, 5000u);
  EXPECT_TRUE(*store.exists("gone"));
  EXPECT_TRUE(store.set("gone", "new").ok());
  EXPECT_EQ(get(store, "gone"), "new");
}

TEST(CompressedKvStoreTest, FramesMoveBetweenStoresWithoutTheirCodec) {
  CompressedKvStore from(memory(), codec("zstd"));
  ASSERT_TRUE(from.set("k", text(5000)).ok());
  const auto inner = memory();
  CompressedKvStore to(inner, *CodecRegistry().codec("raw"), {}, CodecRegistry());
  const Value frame = **from.get_frame("k");
  ASSERT_TRUE(to.set_frame("k", frame.bytes()).ok());
  EXPECT_EQ(get(*std::make_unique<CompressedKvStore>(inner, codec("lz4")), "k"), text(5000));
  EXPECT_EQ(to.set_frame("other", frame.bytes()).code(), StatusCode::corruption) << "bound to its key";
}

TEST(CompressedKvStoreTest, AFrameTakesNoCodec) {
  CompressedKvStore store(memory(), codec("zstd"));
  ASSERT_TRUE(store.set("k", text(5000)).ok());
  SetOptions options;
  options.codec = "lz4";
  const Status status = store.set_frame("k", (**store.get_frame("k")).bytes(), options);
  EXPECT_EQ(status.to_string(), "invalid_argument: key \"k\": a frame has a codec and a shape of its own");
}

TEST(CompressedKvStoreTest, DamagedFramesAreNotMoved) {
  const auto inner = memory();
  CompressedKvStore store(inner, codec("zstd"));
  ASSERT_TRUE(store.set("k", text(5000)).ok());
  Value frame = **store.get_frame("k");
  std::string bytes(frame.text());
  bytes.back() ^= 1;
  EXPECT_EQ(store.set_frame("k", as_bytes(bytes)).code(), StatusCode::corruption);
  damage(*inner, "k", 0);
  EXPECT_EQ(store.get_frame("k").status().code(), StatusCode::corruption);
  EXPECT_EQ(test::counter(store, "values_damaged"), 1u) << "what is refused is not the store's";
}

TEST(CompressedKvStoreTest, ValuesOverTheLimitAreRefusedBothWays) {
  const auto inner = memory();
  CompressedOptions small;
  small.max_value_bytes = 1000;
  CompressedKvStore limited(inner, codec("zstd"), small);
  CompressedKvStore unlimited(inner, codec("zstd"));
  EXPECT_EQ(limited.set("k", text(1001)).code(), StatusCode::too_large);
  EXPECT_TRUE(limited.set("k", text(1000)).ok());
  ASSERT_TRUE(unlimited.set("k", text(1001)).ok());
  EXPECT_EQ(limited.get("k").status().code(), StatusCode::too_large);
}

TEST(CompressedKvStoreTest, VerifyNeverTrustsRawValuesAndFirstReadChecksResidentOnesOnce) {
  for (const Verify verify : {Verify::always, Verify::first_read, Verify::never}) {
    const auto inner = memory();
    CompressedOptions options;
    options.verify = verify;
    CompressedKvStore store(inner, codec("raw"), options);
    ASSERT_TRUE(store.set("k", noise(1000)).ok());
    ASSERT_TRUE(store.get("k"));
    // A cosmic ray: the resident bytes change behind the store's back.
    const Value stored = **inner->get("k");
    const_cast<std::byte&>(stored.bytes().back()) ^= std::byte{1};
    EXPECT_EQ(store.get("k").has_value(), verify != Verify::always);
    ASSERT_TRUE(inner->set("k", stored.text()).ok());  // a new entry, not verified yet
    EXPECT_EQ(store.get("k").has_value(), verify == Verify::never);
  }
}

TEST(CompressedKvStoreTest, AGetIntoLeavesRawValuesToBeHandedOutAtOnce) {
  CompressedOptions options;
  options.verify = Verify::first_read;
  CompressedKvStore store(memory(), codec("raw"), options);
  const std::string value(4096, 'v');
  ASSERT_TRUE(store.set("k", value).ok());
  std::vector<std::byte> into(value.size());
  ASSERT_TRUE(store.get_into("k", into).value());
  EXPECT_TRUE(store.get("k").value().value().text() == value);
  EXPECT_NE(store.inner()->get("k").value()->owner()->raw_start(), 0u);
}

TEST(CompressedKvStoreTest, WhatOneStoreVerifiedIsNotTakenForWhatAnotherOneReadsThroughIt) {
  const auto inner = memory();
  CompressedOptions options;
  options.verify = Verify::first_read;
  const auto middle = std::make_shared<CompressedKvStore>(inner, codec("raw"), options);
  CompressedKvStore outer(middle, codec("raw"), options);
  for (const std::size_t size : {0u, 1u, 1000u, 300000u}) {
    const std::string value = noise(size);
    ASSERT_TRUE(outer.set("k", value).ok());
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(get(outer, "k"), value);
      EXPECT_GT(get(*middle, "k").size(), size);  // the outer store's frame
      EXPECT_GT(inner->get("k")->value().size(), get(*middle, "k").size());
    }
  }
}

TEST(CompressedKvStoreTest, GetIntoDecodesWhereItIsTold) {
  CompressedKvStore store(memory(), codec("zstd"));
  ASSERT_TRUE(store.set("k", text(5000)).ok());
  std::string to(6000, '#');
  const auto size = store.get_into("k", std::as_writable_bytes(std::span(to)));
  ASSERT_TRUE(size) << size.status().to_string();
  EXPECT_EQ(**size, 5000u);
  EXPECT_EQ(to, text(5000) + std::string(1000, '#'));
  EXPECT_EQ(store.get_into("k", std::as_writable_bytes(std::span(to).first(4999))).status().code(),
            StatusCode::invalid_argument);
}

TEST(CompressedKvStoreTest, AValueInPartsIsTheirConcatenation) {
  CompressedKvStore store(memory(), codec("zstd"));
  const std::string a = text(700);
  const ByteView parts[] = {as_bytes(a), {}, as_bytes("tail")};
  ASSERT_TRUE(store.set("k", std::span<const ByteView>(parts)).ok());
  EXPECT_EQ(get(store, "k"), a + "tail");
}

TEST(CompressedKvStoreTest, LargeValuesAreCutIntoBlocksWhenAsked) {
  CompressedOptions options;
  options.block_bytes = 64 * 1024;
  CompressedKvStore store(memory(), codec("zstd"), options);
  const std::string value = text(300000) + noise(200000) + text(300000);
  ASSERT_TRUE(store.set("k", value).ok());
  EXPECT_EQ(store.inspect("k").value()->block_bytes, 65536u);
  EXPECT_EQ(get(store, "k"), value);
}

TEST(CompressedKvStoreTest, AHeadLongerThanUsualIsReadAllTheSame) {
  // A frame whose summary is longer than the first look at it.
  const auto inner = memory();
  FrameSummary summary;
  summary.format = {"raw", 0, 0, ""};
  summary.stored_raw = true;
  summary.decoded_checksum = checksum({});
  summary.extras.resize(4 + 2000);
  summary.extras[2] = std::byte{2000 & 0xff};
  summary.extras[3] = std::byte{2000 >> 8};
  std::pmr::vector<std::byte> frame;
  write_summary(summary, "k", frame);
  ASSERT_TRUE(inner->set("k", ByteView(frame)).ok());
  CompressedKvStore store(inner, codec("lz4"));
  const auto info = store.inspect("k");
  ASSERT_TRUE(info) << info.status().to_string();
  EXPECT_EQ((*info)->stored_bytes, frame.size());
  EXPECT_EQ(get(store, "k"), "");
}

TEST(CompressedKvStoreTest, AHeadIsOfOneSetAndWaitsForNoPauseBetweenThem) {
  const auto inner = std::make_shared<test::FaultKvStore>(memory());
  CompressedKvStore store(inner, codec("lz4"));
  ASSERT_TRUE(store.set("k", std::string(5000, '0')).ok());
  const std::uint64_t first_stamp = (*inner->head("k", 0))->stamp;
  int sets = 0;
  inner->after_head = [&] {
    ASSERT_LT(++sets, 10);
    ASSERT_TRUE(store.set("k", std::string(5000 + static_cast<std::size_t>(sets), '1')).ok());
  };
  const auto head = store.head("k", 10);
  ASSERT_TRUE(head && *head) << head.status().to_string();
  EXPECT_EQ((*head)->stamp, first_stamp);
  EXPECT_EQ((*head)->size, 5000u);
  EXPECT_EQ((*head)->first.text(), "0000000000");
}

TEST(CompressedKvStoreTest, LossyValuesSaySo) {
  const CodecRegistry codecs = make_toy_registry({ToyKind::lossy});
  CompressedKvStore store(memory(), *codecs.codec("test.toy-lossy"), {}, codecs);
  ASSERT_TRUE(store.set("k", std::string(1000, 'x')).ok());
  const auto info = store.inspect("k").value();
  EXPECT_TRUE(info->lossy_origin);
  ASSERT_TRUE(info->loss);
  EXPECT_GT(info->loss->relative_error, 0);
  EXPECT_EQ(get(store, "k"), std::string(1000, 'x' & 0xf0));
}

TEST(CompressedKvStoreTest, AValueThatExpiresSaysWhen) {
  CompressedKvStore store(memory(), codec("lz4"));
  SetOptions hour;
  hour.ttl = std::chrono::hours(1);
  ASSERT_TRUE(store.set("passing", text(5000), hour).ok());
  ASSERT_TRUE(store.set("lasting", text(5000)).ok());
  EXPECT_EQ(store.inspect("passing").value()->expires_at_ms, store.head("passing", 0).value()->expires_at_ms);
  EXPECT_GT(store.inspect("passing").value()->expires_at_ms, now_ms());
  EXPECT_EQ(store.inspect("lasting").value()->expires_at_ms, 0);
}

TEST(CompressedKvStoreTest, ABatchWithOneBadItemStoresNothing) {
  const auto inner = memory();
  CompressedKvStore store(inner, codec("zstd"));
  SetOptions bad;
  bad.codec = "nonsense";
  const SetItem items[] = {{"a", "1"}, {"b", "2", bad}};
  EXPECT_EQ(store.batch_set(items).code(), StatusCode::invalid_argument);
  EXPECT_EQ(get(store, "a"), "absent");
}

TEST(CompressedKvStoreTest, CountsWhatItDid) {
  CompressedKvStore store(memory(), codec("zstd"));
  ASSERT_TRUE(store.set("a", text(5000)).ok());
  ASSERT_TRUE(store.set("b", noise(1000)).ok());
  (void)store.get("a");
  EXPECT_EQ(test::counter(store, "values_set"), 2u);
  EXPECT_EQ(test::counter(store, "values_stored_raw"), 1u);
  EXPECT_EQ(test::counter(store, "bytes_set"), 6000u);
  EXPECT_EQ(test::counter(store, "bytes_read"), 5000u);
  EXPECT_LT(test::counter(store, "bytes_stored"), 3000u);
}

}  // namespace
}  // namespace cinch
