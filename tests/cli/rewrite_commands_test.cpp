// recompress, copy, and rules on the command line.
#include <sys/mman.h>

#include "cinch/store_config.hpp"
#include "tests/cli/safetensors_file.hpp"

namespace cinch::test {
namespace {

using testing::HasSubstr;

const std::string text(20000, 'x');

class RewriteTest : public CliTest {
 protected:
  std::string spec_of(const std::string& key) const { return cinch({"stat", key, "--json"}).json()["codec"]; }
  std::string get(const std::string& key) const { return cinch({"get", key}).out; }
  void import_a_tensor() const {
    const std::string header = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
    ASSERT_EQ(cinch({"import", save_safetensors(dir.file("in"), header, "abcd")}).status, 0);
  }
};

TEST_F(RewriteTest, RecompressStoresAnewAndTheValuesStay) {
  put("a", text, {"--codec", "lz4"});
  put("b", text + "b", {"--codec", "raw"});
  const Json first = cinch({"recompress", "--codec", "zstd:level=5", "--json"}).json();
  EXPECT_EQ(first["values"], 2);
  EXPECT_EQ(first["recompressed"], 2);
  EXPECT_EQ(first["already"], 0);
  EXPECT_LT(first["stored_bytes"], first["stored_bytes_before"]);
  EXPECT_EQ(spec_of("a"), "zstd:level=5");
  EXPECT_EQ(get("a"), text);
  EXPECT_EQ(get("b"), text + "b");
}

TEST_F(RewriteTest, RecompressAgainHasNothingToDo) {
  put("a", text);
  put("short", "no smaller");
  ASSERT_EQ(cinch({"recompress", "--codec", "zstd:level=5"}).status, 0);
  const Json again = cinch({"recompress", "--codec", "zstd:level=5", "--json"}).json();
  EXPECT_EQ(again["recompressed"], 0);
  EXPECT_EQ(again["already"], 2);
}

TEST_F(RewriteTest, RecompressKeepsToItsPrefix) {
  put("a/1", text);
  put("b/1", text);
  ASSERT_EQ(cinch({"recompress", "--codec", "zstd:level=5", "a/"}).status, 0);
  EXPECT_EQ(spec_of("a/1"), "zstd:level=5");
  EXPECT_EQ(spec_of("b/1"), "lz4");
}

TEST_F(RewriteTest, RecompressWithoutACodecFollowsRules) {
  put("a/1", text);
  put("b/1", text, {"--codec", "zstd:level=1"});
  const Json done = cinch({"recompress", "--rule", "a/*=zstd:level=5", "--json"}).json();
  EXPECT_EQ(done["recompressed"], 1);
  EXPECT_EQ(spec_of("a/1"), "zstd:level=5");
  EXPECT_EQ(spec_of("b/1"), "zstd:level=1") << "no rule matches it, and nobody named a codec for it";
}

TEST_F(RewriteTest, RecompressLeavesAndReportsWhatItCannotRead) {
  put("a", text);
  put("z", text);
  put("m", text);
  damage("m");
  const Outcome run = cinch({"recompress", "--codec", "zstd:level=5", "--json"});
  EXPECT_EQ(run.status, 3);
  EXPECT_THAT(run.err, HasSubstr("key \"m\""));
  EXPECT_EQ(run.json()["corrupt"], Json::array({"m"}));
  EXPECT_EQ(run.json()["recompressed"], 2);
  EXPECT_EQ(cinch({"get", "m"}).status, 3);
}

TEST_F(RewriteTest, AValueThatMayNotBeReadHoldsUpNoOther) {
  put("a", text);
  put("b", text + text);
  put("c", text);
  write_config("codec = \"zstd:level=5\"\n[engine]\nmax_value = \"20000\"\n");
  const Outcome run = bare({"--config", dir.file("c.toml"), "recompress", "--json"});
  EXPECT_EQ(run.status, 5);
  EXPECT_EQ(run.json()["failed"], Json::array({"b"}));
  EXPECT_EQ(run.json()["recompressed"], 2);
}

TEST_F(RewriteTest, RecompressByALossyRuleNamesTheFlagThatAllowsIt) {
  for (const char* key : {"a", "b"}) put(key, text, {"--dtype", "bf16", "--shape", "0,1,50"});
  const Args by_rule = {"recompress", "--plugins", codecs_dir, "--rule", "*=test.lossy", "--json"};
  const Outcome run = cinch(by_rule);
  EXPECT_EQ(run.status, 5);
  EXPECT_EQ(
      run.err,
      "cinch: recompress: 2 left that a lossy codec would change; --lossy allows it, and losses do not come back\n");
  EXPECT_EQ(run.json()["failed"], Json::array({"a", "b"}));
  Args allowed = by_rule;
  allowed.emplace_back("--lossy");
  EXPECT_EQ(cinch(allowed).json()["recompressed"], 2);
  EXPECT_EQ(cinch(by_rule).status, 0) << "they are stored that way already";
}

TEST_F(RewriteTest, RecompressToACodecThatIsNotThereIs2) {
  put("a", text);
  expect_error(cinch({"recompress", "--codec", "zsdt"}), 2, "did you mean \"zstd\"");
}

TEST_F(RewriteTest, RecompressWantsToBeToldHow) {
  put("a", text, {"--codec", "zstd:level=5"});
  expect_error(cinch({"recompress"}), 2, "recompress: --codec is required, or --rule, or --config");
  EXPECT_EQ(spec_of("a"), "zstd:level=5");
}

TEST_F(RewriteTest, RecompressMakesNoStore) {
  EXPECT_EQ(cinch({"recompress", "--codec", "zstd"}).status, 2);
  EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(RewriteTest, CopyTakesValuesAsTheyAreStored) {
  put("a/1", text, {"--codec", "zstd:level=5"});
  put("b/1", text, {"--codec", "lz4"});
  const std::string other = "rocksdb:" + dir.file("other");
  EXPECT_EQ(cinch({"copy", "--to", other, "--json"}).json()["copied"], 2);
  const Json stat = bare({"--store", other, "stat", "a/1", "--json"}).json();
  EXPECT_EQ(stat, cinch({"stat", "a/1", "--json"}).json());
  EXPECT_EQ(bare({"--store", other, "get", "b/1"}).out, text);
}

TEST_F(RewriteTest, CopyKeepsToItsPrefix) {
  put("a/1", text);
  put("b/1", text);
  const std::string other = "rocksdb:" + dir.file("other");
  ASSERT_EQ(cinch({"copy", "--to", other, "a/"}).status, 0);
  EXPECT_EQ(bare({"--store", other, "ls"}).out, "a/1\n");
}

TEST_F(RewriteTest, CopyLeavesOutAndReportsWhatIsDamaged) {
  put("a", text);
  put("m", text);
  damage("m");
  const std::string other = "rocksdb:" + dir.file("other");
  const Outcome run = cinch({"copy", "--to", other, "--json"});
  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(run.json()["corrupt"], Json::array({"m"}));
  EXPECT_EQ(bare({"--store", other, "ls"}).out, "a\n");
}

TEST_F(RewriteTest, CopyCountsADamagedHeaderOfAFileAmongItsValues) {
  import_a_tensor();
  damage(std::string("\0cinch/safetensors", 18));
  const Json copied = cinch({"copy", "--to", "rocksdb:" + dir.file("other"), "--json"}).json();
  EXPECT_EQ(copied["values"], 2);
  EXPECT_EQ(copied["copied"], 1);
  EXPECT_EQ(copied["corrupt"].size(), 1u);
}

TEST_F(RewriteTest, CopyTakesValuesLongerThanReadersTakeByDefault) {
  const std::size_t bytes = default_max_value_bytes + 1;
  void* const zeros = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(zeros, MAP_FAILED);
  Result<StoreConfig> config = StoreConfig::from_url(url);
  config->codec = "zstd";
  config->compressed.max_value_bytes = hard_max_value_bytes;
  const auto opened = open_store(*config);
  ASSERT_TRUE(opened) << opened.status().to_string();
  EXPECT_TRUE((*opened)->set("k", ByteView(static_cast<const std::byte*>(zeros), bytes)).ok());
  EXPECT_TRUE((*opened)->close().ok());
  munmap(zeros, bytes);
  const Outcome run = cinch({"copy", "--to", "rocksdb:" + dir.file("other"), "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["copied"], 1);
}

TEST_F(RewriteTest, CopyIntoTheStoresOwnDirectoryIsRefused) {
  put("a", text);
  expect_error(cinch({"copy", "--to", url + "/sub"}), 2, "/sub: lies in ");
  EXPECT_FALSE(std::filesystem::exists(store + "/sub"));
  EXPECT_EQ(bare({"--store", "rocksdb:" + dir.file("restored"), "restore", store}).status, 0);
}

TEST_F(RewriteTest, CopyOntoItselfIsRefused) {
  put("a", text);
  expect_error(cinch({"copy", "--to", url + "/."}), 2, "is the store itself");
}

TEST_F(RewriteTest, RulesChooseTheCodecBeforeAndAfterTheCommand) {
  put("a.k", text, {"--rule", "*.k=zstd:level=5"});
  EXPECT_EQ(spec_of("a.k"), "zstd:level=5");
  ASSERT_EQ(bare({"--store", url, "--rule", "*.v=raw", "--rule", "*=zstd:level=7", "put", "a.v"}, text).status, 0);
  EXPECT_EQ(spec_of("a.v"), "raw");
}

TEST_F(RewriteTest, RulesOfTheCommandLineComeBeforeTheConfigs) {
  write_config("[[store.rule]]\nmatch = \"*\"\ncodec = \"zstd:level=2\"\n");
  ASSERT_EQ(bare({"--config", "c.toml", "--rule", "a=raw", "put", "a"}, text).status, 0);
  ASSERT_EQ(bare({"--config", "c.toml", "--rule", "a=raw", "put", "b"}, text).status, 0);
  EXPECT_EQ(spec_of("a"), "raw");
  EXPECT_EQ(spec_of("b"), "zstd:level=2");
}

TEST_F(RewriteTest, ABadRuleIsRefused) {
  expect_error(cinch({"put", "k", "--rule", "x"}, "v"), 2, "--rule");
  expect_error(cinch({"put", "k", "--rule", "x=nope"}, "v"), 2, "\"nope\"");
  expect_error(cinch({"put", "k", "--rule", "[=lz4"}, "v"), 2, "character 1");
}

}  // namespace
}  // namespace cinch::test
