// verify, and what get says of the same values: damaged ones, and those whose codec is missing.
#include "tests/cli/safetensors_file.hpp"

namespace cinch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class VerifyTest : public CliTest {
 protected:
  static Json report(int values, int ok, const std::vector<std::string>& corrupt,
                     const std::vector<std::string>& codec_missing, const std::vector<std::string>& failed = {}) {
    return {{"values", values}, {"ok", ok},         {"corrupt", corrupt},   {"codec_missing", codec_missing},
            {"failed", failed}, {"lost_writes", 0}, {"interrupted", false}, {"next", nullptr},
            {"error", nullptr}};
  }

  void put_with_plugin(const std::string& key, const std::string& codec = "test.xor") const {
    put(key, value_with_zeros, {"--plugins", codecs_dir, "--codec", codec});
  }
};

TEST_F(VerifyTest, AGoodStoreIs0) {
  put("a", value_with_zeros);
  put("b", value_with_zeros, {"--codec", "zstd"});
  put("c", "abc");
  const Outcome run = cinch({"verify", "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.json(), report(3, 3, {}, {}));
}

TEST_F(VerifyTest, TheReportIsATableForPeople) {
  put("a", value_with_zeros);
  EXPECT_THAT(cinch({"verify"}).out, MatchesRegex("values +ok +corrupt +codec missing +failed\n +1 +1 +0 +0 +0\n"));
}

TEST_F(VerifyTest, ADamagedValueIs3AndItsKeyIsNamed) {
  for (const char* key : {"a", R"(b\x00)", "c"}) put(key, value_with_zeros, {"--codec", "zstd"});
  damage(std::string("b\0", 2));
  const Outcome run = cinch({"verify", "--json"});
  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(run.json(), report(3, 2, {R"(b\x00)"}, {}));
  EXPECT_THAT(run.err, MatchesRegex("cinch: .*\"b\\\\x00\".*\n"));
}

TEST_F(VerifyTest, DamageIsFoundWhereverItIsInAValueOfAnyCodec) {
  for (const char* codec : {"raw", "lz4", "zstd"}) {
    for (const double where : {0.0, 0.05, 0.3, 0.5, 0.9, 1.0}) {
      put("k", value_with_zeros, {"--codec", codec});
      damage("k", where);
      const Outcome run = cinch({"verify", "--json"});
      EXPECT_EQ(run.status, 3) << codec << " at " << where;
      EXPECT_EQ(run.json()["corrupt"], Json::array({"k"})) << codec << " at " << where;
    }
  }
}

TEST_F(VerifyTest, GetOfADamagedValueIs3AndWritesNothing) {
  put("k", value_with_zeros, {"--codec", "lz4"});
  damage("k");
  expect_error(cinch({"get", "k"}), 3, "key \"k\"");
  expect_error(cinch({"get", "k", "--json"}), 3, "key \"k\"");
  expect_error(cinch({"get", "k", "-o", "out"}), 3, "key \"k\"");
  EXPECT_FALSE(std::filesystem::exists(dir.file("out")));
}

TEST_F(VerifyTest, LostWritesAre3AndCounted) {
  put("a", value_with_zeros);
  const std::string before = dir.file("before");
  std::filesystem::copy(store, before, std::filesystem::copy_options::recursive);
  put("a", "abc");
  const auto overwrite = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy(store + "/cinch.watermark", before + "/cinch.watermark", overwrite);
  std::filesystem::remove_all(store);
  std::filesystem::rename(before, store);
  const Outcome run = cinch({"verify", "--json"});
  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(run.json()["ok"], 1);
  EXPECT_GE(run.json()["lost_writes"], 1);
  const auto tells = MatchesRegex("cinch: [^\n]*has lost [0-9]+ acknowledged writes[^\n]*\n");
  EXPECT_THAT(run.err, tells);
  for (const Args& command : {Args{"get", "a"}, Args{"ls"}, Args{"stat"}}) {
    const Outcome other = cinch(command);
    EXPECT_EQ(other.status, 0) << command[0];
    EXPECT_THAT(other.err, tells) << command[0];
  }
}

TEST_F(VerifyTest, ListingsOfADamagedHeaderAre3AndShowTheRest) {
  for (const char* key : {"a", "b"}) put(key, value_with_zeros);
  damage("a", 0);
  expect_error(cinch({"stat", "a"}), 3, "key \"a\"");
  const Outcome stat = cinch({"stat", "--json"});
  EXPECT_EQ(stat.status, 3);
  EXPECT_EQ(stat.json()["values"], 1);
  const Outcome ls = cinch({"ls", "--long", "--json"});
  EXPECT_EQ(ls.status, 3);
  EXPECT_EQ(ls.json().size(), 1u);
  EXPECT_EQ(cinch({"ls"}).out, "a\nb\n");
}

TEST_F(VerifyTest, ADamagedValueMayBeReplacedOrRemoved) {
  for (const char* key : {"a", "b"}) {
    put(key, value_with_zeros);
    damage(key);
  }
  put("a", "new");
  EXPECT_EQ(cinch({"del", "b"}).status, 0);
  EXPECT_EQ(cinch({"verify", "--json"}).status, 0);
  EXPECT_EQ(cinch({"get", "a"}).out, "new");
}

TEST_F(VerifyTest, AValueWhoseCodecIsMissingIs4) {
  put("a", value_with_zeros);
  put_with_plugin("b");
  const Outcome run = cinch({"verify", "--json"});
  EXPECT_EQ(run.status, 4);
  EXPECT_EQ(run.json(), report(2, 1, {}, {"b"}));
  EXPECT_THAT(run.err, MatchesRegex("cinch: .*\"b\".*test\\.xor.*\n"));
}

TEST_F(VerifyTest, WithItsCodecTheValueIsFine) {
  put_with_plugin("b");
  EXPECT_EQ(cinch({"verify", "--plugins", codecs_dir}).status, 0);
}

TEST_F(VerifyTest, GetOfAValueWhoseCodecIsMissingIs4AndNamesBoth) {
  put_with_plugin("b", "test.valid");
  const Outcome run = cinch({"get", "b"});
  expect_error(run, 4, "key \"b\"");
  EXPECT_THAT(run.err, HasSubstr("test.valid"));
  EXPECT_EQ(cinch({"get", "b", "--plugins", codecs_dir}).out, value_with_zeros);
}

TEST_F(VerifyTest, DamageComesBeforeAMissingCodec) {
  put("a", value_with_zeros);
  put_with_plugin("b");
  damage("a");
  const Outcome run = cinch({"verify", "--json"});
  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(run.json(), report(2, 0, {"a"}, {"b"}));
}

TEST_F(VerifyTest, AValueWhoseCodecDoesNotGiveItBackIsDamaged) {
  for (const char* codec : {"test.liar-overrun", "test.liar-short", "test.liar-throw"}) {
    // Values of their own: a decoder that writes nothing must not find the value before in its buffer.
    put(codec, codec + value_with_zeros, {"--plugins", liars_dir, "--codec", codec});
    expect_error(cinch({"get", codec, "--plugins", liars_dir}), 3, codec);
  }
  const Outcome run = cinch({"verify", "--json", "--plugins", liars_dir});
  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(run.json()["corrupt"], (Json{"test.liar-overrun", "test.liar-short", "test.liar-throw"}));
  EXPECT_EQ(cinch({"verify", "--shallow"}).status, 0);
}

TEST_F(VerifyTest, AValueThatMayNotBeReadIsNotCalledDamaged) {
  put("a", "v");
  put("b", std::string(5000, 'b'));
  write_config("[engine]\nmax_value = \"1KiB\"\n");
  const Outcome run = bare({"--config", dir.file("c.toml"), "verify", "--json"});
  EXPECT_EQ(run.status, 5);
  EXPECT_EQ(run.json(), report(2, 1, {}, {}, {"b"}));
}

TEST_F(VerifyTest, AStartOutsideThePrefixIsRefusedAndNothingToCheckIsSaid) {
  put("a", "v");
  expect_error(cinch({"verify", "a", "--from", "b"}), 2,
               "--from: key \"b\" is not one of the keys that start with \"a\"");
  const Outcome run = cinch({"verify", "nope"});
  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.err, HasSubstr("no key was there to check"));
}

TEST_F(VerifyTest, ShallowNeedsNoCodec) {
  put_with_plugin("a", "test.xor");
  put_with_plugin("b", "test.valid");
  const Outcome run = cinch({"verify", "--shallow", "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["ok"], 2);
}

TEST_F(VerifyTest, ShallowFindsDamageOfStoredBytes) {
  put_with_plugin("a");
  damage("a");
  const Outcome run = cinch({"verify", "--shallow", "--json"});
  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(run.json()["corrupt"], Json::array({"a"}));
}

TEST_F(VerifyTest, APrefixLimitsWhatIsRead) {
  for (const char* key : {"a/1", "a/2", "b/1"}) put(key, value_with_zeros);
  damage("b/1");
  const Outcome good = cinch({"verify", "a/", "--json"});
  EXPECT_EQ(good.status, 0);
  EXPECT_EQ(good.json()["values"], 2);
  EXPECT_EQ(cinch({"verify", "b/"}).status, 3);
  EXPECT_EQ(cinch({"verify", "c/", "--json"}).json()["values"], 0);
}

TEST_F(VerifyTest, ADamagedHeaderOfAnImportIsFound) {
  const std::string file =
      save_safetensors(dir.file("in"), R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "abcd");
  ASSERT_EQ(cinch({"import", file, "--prefix", "p/"}).status, 0);
  damage(std::string("p/\0cinch/safetensors", 20));
  const Outcome run = cinch({"verify", "--json"});
  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(run.json(), report(2, 1, {R"(p/\x00cinch/safetensors)"}, {}));
  expect_error(cinch({"export", "out", "--prefix", "p/"}), 3, R"(p/\x00cinch/safetensors)");
}

TEST_F(VerifyTest, AnExportOfADamagedTensorIs3AndMakesNoFile) {
  const std::string file =
      save_safetensors(dir.file("in"), R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "abcd");
  ASSERT_EQ(cinch({"import", file}).status, 0);
  damage("a");
  expect_error(cinch({"export", "out"}), 3, "key \"a\"");
  EXPECT_FALSE(std::filesystem::exists(dir.file("out")));
}

TEST_F(VerifyTest, AnExportWhoseCodecIsMissingIs4) {
  const std::string file = save_safetensors(
      dir.file("in"), R"({"a":{"dtype":"U8","shape":[1005],"data_offsets":[0,1005]}})", value_with_zeros);
  ASSERT_EQ(cinch({"import", file, "--plugins", codecs_dir, "--codec", "test.xor"}).status, 0);
  expect_error(cinch({"export", "out"}), 4, "key \"a\"");
  EXPECT_EQ(cinch({"export", "out", "--plugins", codecs_dir}).status, 0);
  EXPECT_EQ(read_file(dir.file("out")), read_file(file));
}

}  // namespace
}  // namespace cinch::test
