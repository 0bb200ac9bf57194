// Tensors on their way in: shapes, token axes and heads, codecs that do not take them, and what lossy codecs lose.
#include "tests/cli/safetensors_file.hpp"
#include "tests/support/random.hpp"
#include "tests/support/turning_keys.hpp"

namespace cinch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// `test.lossy` takes floats with a token axis, no integers but bytes.
const Args lossy = {"--plugins", codecs_dir, "--codec", "test.lossy"};

class TypedValuesTest : public CliTest {
 protected:
  Outcome with_lossy(Args arguments) const {
    arguments.insert(arguments.end(), lossy.begin(), lossy.end());
    return cinch(std::move(arguments));
  }

  Json stat(const std::string& key) const { return cinch({"stat", key, "--json"}).json(); }

  /// A cache with heads merged into one dimension, [2, layers, tokens, heads * dim], and the ids of its tokens.
  std::string merged_cache() const {
    return save_safetensors(dir.file("merged.safetensors"),
                            R"({"kv":{"dtype":"BF16","shape":[2,1,10,192],"data_offsets":[0,7680]},)"
                            R"("token_ids":{"dtype":"I32","shape":[10],"data_offsets":[7680,7720]}})",
                            std::string(7720, 'y'));
  }
};

TEST_F(TypedValuesTest, PutTakesTypeShapeAxisAndHeads) {
  write_file(dir.file("k"), std::string(768, 'x'));
  ASSERT_EQ(cinch({"put", "a", "k", "--dtype", "bf16", "--shape", "0,3,64"}).status, 0);
  EXPECT_EQ(stat("a")["shape"], Json::array({2, 3, 64}));
  EXPECT_EQ(stat("a")["dtype"], "bf16");
  EXPECT_EQ(stat("a")["token_axis"], 0);
  ASSERT_EQ(
      cinch({"put", "b", "k", "--dtype", "F16", "--shape", "2,192", "--token-axis", "0", "--head-dim", "64"}).status,
      0);
  EXPECT_EQ(stat("b")["shape"], Json::array({2, 3, 64}));
  ASSERT_EQ(cinch({"put", "c", "k", "--dtype", "f32", "--head-dim", "64"}).status, 0);
  EXPECT_EQ(stat("c")["shape"], Json::array({3, 1, 64}));
  ASSERT_EQ(cinch({"put", "d", "k", "--dtype", "u8"}).status, 0);
  EXPECT_EQ(stat("d")["shape"], Json::array({768}));
  EXPECT_TRUE(stat("d")["token_axis"].is_null());
}

TEST_F(TypedValuesTest, WrongShapesAreErrorsThatNameKeyAndBytes) {
  write_file(dir.file("k"), std::string(768, 'x'));
  expect_error(cinch({"put", "a", "k", "--dtype", "bf16", "--shape", "2,3,65"}), 2,
               "key \"a\": the value has 768 bytes, expected 780 for a tensor bf16 [2, 3, 65]");
  expect_error(cinch({"put", "a", "k", "--dtype", "bf16", "--shape", "2,192", "--token-axis", "2"}), 2, "token axis 2");
  expect_error(
      cinch({"put", "a", "k", "--dtype", "bf16", "--shape", "2,192", "--token-axis", "0", "--head-dim", "100"}), 2,
      "head_dim 100, expected one that divides 192");
  expect_error(cinch({"put", "a", "k", "--dtype", "bf17"}), 2, "--dtype: \"bf17\", expected bf16");
  expect_error(cinch({"put", "a", "k", "--shape", "768"}), 2, "need --dtype");
  expect_error(cinch({"put", "a", "k", "--dtype", "u8", "--shape", "0,0"}), 2, "one may be 0");
  EXPECT_FALSE(std::filesystem::exists(store)) << "of a value that was not stored";
}

TEST_F(TypedValuesTest, DimensionsAreDecimalNumbers) {
  write_file(dir.file("k"), std::string(768, 'x'));
  for (const char* shape : {"0x2,3,64", "-1,3,64", "2,3,64x", "2,,64"}) {
    expect_error(cinch({"put", "k", "k", "--dtype", "bf16", std::string("--shape=") + shape}), 2, "--shape: \"");
  }
  ASSERT_EQ(cinch({"put", "k", "k", "--dtype", "bf16", "--shape", "02,03,064"}).status, 0);
  EXPECT_EQ(stat("k")["shape"], Json::array({2, 3, 64}));
}

TEST_F(TypedValuesTest, ImportOfMergedHeadsAsksForTheAxis) {
  const Outcome run = with_lossy({"import", merged_cache()});
  expect_error(run, 2, "key \"kv\": test.lossy: needs the token axis");
}

TEST_F(TypedValuesTest, ImportSplitsHeadsFallsBackAndExportsWhatItWas) {
  const std::string file = merged_cache();
  const Outcome run = with_lossy({"import", file, "--token-axis", "2", "--head-dim", "64", "--json"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(stat("kv")["shape"], Json::array({2, 1, 10, 3, 64}));
  EXPECT_EQ(stat("kv")["format"], "test.lossy");
  EXPECT_EQ(stat("token_ids")["shape"], Json::array({10}));
  EXPECT_EQ(stat("token_ids")["lossy_origin"], false);
  const Json rules = run.json()["rules"];
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0]["codec"], "test.lossy");
  EXPECT_EQ(rules[0]["fallback"], false);
  EXPECT_GT(rules[0]["loss"]["worst_row"], 0);
  EXPECT_EQ(rules[1]["codec"], "zstd");
  EXPECT_EQ(rules[1]["fallback"], true);
  EXPECT_TRUE(rules[1]["loss"].is_null());
  Args exporting = {"export", "out", "--plugins", lossy[1]};
  ASSERT_EQ(cinch(exporting).status, 0);
  const std::string before = read_file(file), after = read_file(dir.file("out"));
  ASSERT_EQ(before.size(), after.size());
  EXPECT_EQ(before.substr(0, before.size() - 7720), after.substr(0, after.size() - 7720));
  EXPECT_EQ(after.substr(after.size() - 40), std::string(40, 'y'));
  EXPECT_EQ(after[after.size() - 41], 'p') << "the high nibble of 'y'";
}

TEST_F(TypedValuesTest, TheSummaryOfAnImportHasALineForEachRule) {
  const std::string file = save_safetensors(dir.file("in"),
                                            R"({"a.k":{"dtype":"F16","shape":[4,2,8],"data_offsets":[0,128]},)"
                                            R"("a.v":{"dtype":"F16","shape":[4,2,8],"data_offsets":[128,256]}})",
                                            std::string(256, 'x'));
  const Outcome run = cinch({"import", file, "--plugins", lossy[1], "--rule", "*.k=test.lossy"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\nrule  codec"));
  EXPECT_THAT(run.out, HasSubstr("\n*.k   test.lossy        1  128 B"));
  EXPECT_THAT(run.out, HasSubstr("\n-     lz4               1  128 B"));
  EXPECT_THAT(run.out, HasSubstr("0.0667     0.0667        8\n"));
  const Outcome plain = cinch({"import", file});
  EXPECT_EQ(plain.out.find("rule"), std::string::npos) << plain.out;
}

TEST_F(TypedValuesTest, AnImportTellsOfItsOneTensorThatFellBack) {
  const std::string file = save_safetensors(
      dir.file("in"), R"({"noise":{"dtype":"BF16","shape":[64,2,64],"data_offsets":[0,16384]}})", noise(16384));
  const Outcome run = cinch({"import", file, "--codec", "tensor"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("zstd (fallback)"));
}

TEST_F(TypedValuesTest, LongLsAndBenchShowLosses) {
  write_file(dir.file("k"), std::string(768, 'x'));
  ASSERT_EQ(with_lossy({"put", "k", "k", "--dtype", "bf16", "--shape", "2,3,64"}).status, 0);
  EXPECT_THAT(cinch({"ls", "--long"}).out, HasSubstr("  0.0667     0.0667        8  bf16 [2, 3, 64]"));
  EXPECT_EQ(cinch({"ls", "--long", "--json"}).json()[0]["loss"]["max_abs"], 8);
  Args bench = {"bench", "--input", merged_cache(), "--token-axis", "2", "--seconds", "0.01", "--json"};
  bench.insert(bench.end(), lossy.begin(), lossy.end());
  const Json figures = bare(bench).json()[0];
  EXPECT_GT(figures["loss"]["worst_row"], 0.06);
}

TEST_F(TypedValuesTest, RecompressIsLossyOnlyWhenAllowedAndOnceMoreOnlyWhenSaidAgain) {
  write_file(dir.file("k"), std::string(768, 'x'));
  ASSERT_EQ(cinch({"put", "k", "k", "--dtype", "bf16", "--shape", "2,3,64"}).status, 0);
  expect_error(with_lossy({"recompress"}), 2, "recompress: test.lossy would change the values; --lossy allows it");
  EXPECT_EQ(with_lossy({"recompress", "--lossy", "--json"}).json()["recompressed"], 1);
  EXPECT_EQ(stat("k")["lossy_origin"], true);
  ASSERT_EQ(cinch({"recompress", "--codec", "zstd", "--plugins", lossy[1]}).status, 0);
  EXPECT_EQ(stat("k")["lossy_origin"], true);
  const Json kept = with_lossy({"recompress", "--lossy", "--json"}).json();
  EXPECT_EQ(kept["recompressed"], 0);
  EXPECT_EQ(kept["kept"], 1);
  EXPECT_EQ(stat("k")["format"], "zstd");
  EXPECT_THAT(with_lossy({"recompress", "--lossy"}).out, HasSubstr("1 left that are lossy already"));
  EXPECT_EQ(with_lossy({"recompress", "--lossy", "--again", "--json"}).json()["recompressed"], 1);
  expect_error(with_lossy({"recompress", "--again"}), 2, "--again needs --lossy");
}

TEST_F(TypedValuesTest, AConfigLaysOutValues) {
  write_config(
      "[[store.rule]]\nmatch = \"*\"\ntoken_axis = 2\nhead_dim = 64\n"
      "tensor = { dtype = \"bf16\", head_dim = 64 }\n");
  ASSERT_EQ(bare({"--config", "c.toml", "import", merged_cache()}).status, 0);
  EXPECT_EQ(stat("kv")["shape"], Json::array({2, 1, 10, 3, 64}));
  EXPECT_EQ(stat("token_ids")["shape"], Json::array({10}));
  ASSERT_EQ(bare({"--config", "c.toml", "put", "raw"}, std::string(256, 'x')).status, 0);
  EXPECT_EQ(stat("raw")["shape"], Json::array({2, 1, 64}));
  expect_error(bare({"--config", "c.toml", "put", "raw"}, "xyz"), 2, "key \"raw\": rule \"*\": the value has 3 bytes");
}

TEST_F(TypedValuesTest, QuantMeetsItsTargetAndSaysWhatItFound) {
  write_file(dir.file("k"), turning_keys(1000, 2));
  const Args put = {"put", "a", "k", "--dtype", "bf16", "--shape", "1000,2,64", "--codec", "quant:target=5"};
  const Outcome run = cinch(put);
  ASSERT_EQ(run.status, 0) << run.err;
  const Json a = stat("a");
  EXPECT_LE(a["stored_bytes"].get<double>() * 5, a["raw_bytes"].get<double>());
  EXPECT_GT(a["stored_bytes"].get<double>() * 5, a["raw_bytes"].get<double>() * 0.9);
  EXPECT_THAT(a["annotation"].get<std::string>(), ::testing::EndsWith(",rope=halves,theta=10000"));
  EXPECT_GT(a["loss"]["worst_row"], a["loss"]["relative_error"]);
  const Outcome shown = cinch({"stat", "a"});
  EXPECT_THAT(shown.out, HasSubstr("rope=halves,theta=10000"));
}

}  // namespace
}  // namespace cinch::test
