// ls, stat.
#include "cinch/backend_registry.hpp"
#include "cinch/store_config.hpp"
#include "cinch/store_support.hpp"
#include "tests/cli/safetensors_file.hpp"

namespace cinch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class ListCommandsTest : public CliTest {};

TEST_F(ListCommandsTest, LsIsInByteOrder) {
  for (const char* key : {"b", R"(\xff)", "B", "a/2", "a/10", R"(\x01)"}) put(key, "v");
  EXPECT_EQ(cinch({"ls"}).out, "\\x01\nB\na/10\na/2\nb\n\\xff\n");
}

TEST_F(ListCommandsTest, LsOfAPrefixListsNothingElse) {
  for (const char* key : {"a", "a/1", "a/2", "b"}) put(key, "v");
  EXPECT_EQ(cinch({"ls", "a/"}).out, "a/1\na/2\n");
}

TEST_F(ListCommandsTest, LsOfAPrefixThatNothingHasIsEmptyAndFine) {
  put("a", "v");
  const Outcome run = cinch({"ls", "zz"});
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(cinch({"ls", "zz", "--json"}).json(), Json::array());
}

TEST_F(ListCommandsTest, LsInJsonIsAnArrayOfKeys) {
  for (const char* key : {"b", "a"}) put(key, "v");
  EXPECT_EQ(cinch({"ls", "--json"}).json(), Json::array({"a", "b"}));
}

TEST_F(ListCommandsTest, LongLsShowsFormatAndSizesInAlignedColumns) {
  put("k", std::string(200'000, 'a'), {"--codec", "zstd"});
  put("long/key", "abc");
  const std::string out = cinch({"ls", "--long"}).out;
  EXPECT_THAT(out, MatchesRegex("key +format +raw +stored +ratio +error +worst row +max abs +tensor +expires\n"
                                "k +zstd +195\\.3 KiB +[0-9]+ B +[0-9.]+ +- +- +-\n"
                                "long/key +raw +3 B +[0-9]+ B +[0-9.]+ +- +- +-\n"));
  const std::size_t second = out.find('\n') + 1;
  const std::size_t third = out.find('\n', second) + 1;
  EXPECT_EQ(out.find("format"), out.find("zstd") - second);
  EXPECT_EQ(out.find("format"), out.find("raw", third) - third);
}

TEST_F(ListCommandsTest, LongLsInJsonHasOneObjectPerKey) {
  put("a", std::string(5000, 'a'), {"--codec", "zstd"});
  put("b", "abc");
  const Json json = cinch({"ls", "--long", "--json"}).json();
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["key"], "a");
  EXPECT_EQ(json[0]["format"], "zstd");
  EXPECT_EQ(json[0]["raw_bytes"], 5000);
  EXPECT_EQ(json[1]["key"], "b");
  EXPECT_EQ(json[1]["format"], "raw");
}

TEST_F(ListCommandsTest, StatInJsonHasExactlyTheseFields) {
  put("a", std::string(5000, 'a'), {"--codec", "zstd"});
  const Json json = cinch({"stat", "--json"}).json();
  EXPECT_THAT(field_names(json), ElementsAre("formats", "ratio", "raw_bytes", "stored_bytes", "values"));
  EXPECT_THAT(field_names(json["formats"]), ElementsAre("zstd"));
  EXPECT_THAT(field_names(json["formats"]["zstd"]), ElementsAre("raw_bytes", "stored_bytes", "values"));
}

TEST_F(ListCommandsTest, StatAddsUpTheFormats) {
  put("z1", std::string(5000, 'a'), {"--codec", "zstd"});
  put("z2", std::string(7000, 'b'), {"--codec", "zstd:level=9"});
  put("l", std::string(900, 'c'), {"--codec", "lz4"});
  put("r", "abc");
  const Json json = cinch({"stat", "--json"}).json();
  EXPECT_EQ(json["values"], 4);
  EXPECT_EQ(json["raw_bytes"], 5000 + 7000 + 900 + 3);
  EXPECT_EQ(json["formats"]["zstd"]["values"], 2);
  EXPECT_EQ(json["formats"]["zstd"]["raw_bytes"], 12'000);
  EXPECT_EQ(json["formats"]["lz4"]["raw_bytes"], 900);
  EXPECT_EQ(json["formats"]["raw"]["raw_bytes"], 3);
  std::uint64_t stored = 0;
  for (const Json& format : json["formats"]) stored += format["stored_bytes"].get<std::uint64_t>();
  EXPECT_EQ(json["stored_bytes"], stored);
  EXPECT_DOUBLE_EQ(json["ratio"], json["raw_bytes"].get<double>() / static_cast<double>(stored));
}

TEST_F(ListCommandsTest, StatOfAnEmptyStoreIsAllZero) {
  put("a", "v");
  EXPECT_EQ(cinch({"del", "a"}).status, 0);
  EXPECT_EQ(cinch({"stat", "--json"}).json(),
            (Json{{"values", 0}, {"raw_bytes", 0}, {"stored_bytes", 0}, {"ratio", 1.0}, {"formats", Json::object()}}));
}

TEST_F(ListCommandsTest, StatIsATableForPeople) {
  put("a", std::string(200'000, 'a'), {"--codec", "zstd"});
  EXPECT_THAT(cinch({"stat"}).out, MatchesRegex("format +values +raw +stored +ratio\n"
                                                "zstd +1 +195\\.3 KiB +[0-9]+ B +[0-9.]+\n"
                                                "all +1 +195\\.3 KiB +[0-9]+ B +[0-9.]+\n"));
}

TEST_F(ListCommandsTest, StatOfOneKeySaysItsFormatAndSizes) {
  put("a", std::string(5000, 'a'), {"--codec", "zstd:level=9"});
  const Json json = cinch({"stat", "a", "--json"}).json();
  EXPECT_THAT(field_names(json),
              ElementsAre("codec", "format", "key", "loss", "lossy_origin", "ratio", "raw_bytes", "stored_bytes"));
  EXPECT_EQ(json["key"], "a");
  EXPECT_EQ(json["format"], "zstd");
  EXPECT_EQ(json["codec"], "zstd:level=9");
  EXPECT_EQ(json["raw_bytes"], 5000);
  EXPECT_DOUBLE_EQ(json["ratio"], 5000.0 / json["stored_bytes"].get<double>());
}

TEST_F(ListCommandsTest, StatOfOneKeyIsReadableForPeople) {
  put("a", std::string(5000, 'a'), {"--codec", "zstd:level=9"});
  const std::string out = cinch({"stat", "a"}).out;
  EXPECT_THAT(out, HasSubstr("format      zstd:level=9\n"));
  EXPECT_THAT(out, HasSubstr("raw         4.9 KiB (5000 bytes)\n"));
}

TEST_F(ListCommandsTest, StatSaysWhenACodecDidNotPay) {
  put("a", "abc", {"--codec", "zstd"});
  EXPECT_THAT(cinch({"stat", "a"}).out, HasSubstr("raw (zstd did not pay)"));
}

TEST_F(ListCommandsTest, StatOfAnAbsentKeyIs1) {
  put("a", "v");
  expect_error(cinch({"stat", "b"}), 1, "\"b\"");
  expect_error(cinch({"stat", "b", "--json"}), 1, "\"b\"");
}

TEST_F(ListCommandsTest, ListingNeedsNoCodec) {
  put("a", value_with_zeros, {"--plugins", codecs_dir, "--codec", "test.valid"});
  const Outcome stat = cinch({"stat", "--json"});
  EXPECT_EQ(stat.status, 0) << stat.err;
  EXPECT_EQ(stat.json()["formats"]["test.valid"]["values"], 1);
  EXPECT_EQ(cinch({"ls", "--long", "--json"}).json()[0]["format"], "test.valid");
}

TEST_F(ListCommandsTest, DamageIsTheExitStatusWhateverElseCannotBeRead) {
  put("a", std::string(5000, 'a'));
  damage("a", 0);
  Settings settings;
  settings.set("path", store);
  const auto raw = bundled_backends().open("rocksdb", settings);
  ASSERT_TRUE(raw) << raw.status().to_string();
  // A frame of the next version: length and checksum of its summary are where they always are.
  ASSERT_TRUE((*raw)
                  ->set("b",
                        "\xcf"
                        "cn\x02" +
                            std::string("\0\x0e\xbd\x1d\xb1\x0c\x1a\x1e\xda\xc8", 10))
                  .ok());
  ASSERT_TRUE((*raw)->close().ok());
  expect_error(cinch({"stat", "b"}), 5, "newer than this version of cinch reads");
  EXPECT_EQ(cinch({"ls", "--long"}).status, 3);
  EXPECT_EQ(cinch({"stat"}).status, 3);
}

TEST_F(ListCommandsTest, StatOfALossyValueSaysItsLoss) {
  put("a", std::string(200, 'x'), {"--plugins", codecs_dir, "--codec", "test.lossy"});
  const Json json = cinch({"stat", "a", "--json"}).json();
  EXPECT_THAT(field_names(json["loss"]), ElementsAre("max_abs", "relative_error", "worst_row"));
  EXPECT_GT(json["loss"]["relative_error"], 0);
  EXPECT_EQ(json["lossy_origin"], true);
  EXPECT_THAT(cinch({"stat", "a"}).out, HasSubstr("\nloss        relative error 0."));
}

TEST_F(ListCommandsTest, AValueThatExpiresSaysWhen) {
  const auto opened = open_store(*StoreConfig::from_url(url));
  ASSERT_TRUE(opened) << opened.status().to_string();
  SetOptions hour;
  hour.ttl = std::chrono::hours(1);
  ASSERT_TRUE((*opened)->set("a", "v", hour).ok());
  const std::int64_t latest = now_ms() + 3'600'000;
  ASSERT_TRUE((*opened)->close().ok());
  const Json json = cinch({"stat", "a", "--json"}).json();
  EXPECT_LE(json["expires_at_ms"].get<std::int64_t>(), latest);
  EXPECT_GT(json["expires_at_ms"].get<std::int64_t>(), latest - 600'000);
  EXPECT_EQ(cinch({"ls", "--long", "--json"}).json()[0]["expires_at_ms"], json["expires_at_ms"]);
  EXPECT_THAT(cinch({"ls", "--long"}).out, HasSubstr(" UTC\n"));
}

TEST_F(ListCommandsTest, MoreKeysThanAPageAreAllListed) {
  // As many tensors as that in one import: a put each would take long.
  constexpr int count = 5000;
  std::string header = "{";
  for (int i = 0; i < count; ++i) {
    header += (i ? ",\"t" : "\"t") + std::to_string(10'000 + i) +
              "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[" + std::to_string(i) + "," +
              std::to_string(i + 1) + "]}";
  }
  const Outcome run = cinch({"import", save_safetensors(dir.file("many"), header + "}", std::string(count, 'v'))});
  ASSERT_EQ(run.status, 0) << run.err;
  const Json keys = cinch({"ls", "--json"}).json();
  ASSERT_EQ(keys.size(), std::size_t{count});
  EXPECT_EQ(keys.front(), "t10000");
  EXPECT_EQ(keys.back(), "t14999");
  EXPECT_EQ(cinch({"stat", "--json"}).json()["values"], count);
}

}  // namespace
}  // namespace cinch::test
