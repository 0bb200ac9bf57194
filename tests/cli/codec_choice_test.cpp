// Which codec a value is written with (--codec, --config, --plugins), and that any codec may be configured to read it.
#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

const std::string text(20'000, 'x');

class CodecChoiceTest : public CliTest {
 protected:
  std::string format_of(const std::string& key) const { return cinch({"stat", key, "--json"}).json()["format"]; }
  std::string codec_of(const std::string& key) const { return cinch({"stat", key, "--json"}).json()["codec"]; }
};

TEST_F(CodecChoiceTest, TheSpecDecidesTheStoredFormat) {
  put("r", text, {"--codec", "raw"});
  put("l", text, {"--codec", "lz4"});
  put("z", text, {"--codec", "zstd:level=7"});
  EXPECT_EQ(format_of("r"), "raw");
  EXPECT_EQ(format_of("l"), "lz4");
  EXPECT_EQ(format_of("z"), "zstd");
  EXPECT_EQ(codec_of("z"), "zstd:level=7");
}

TEST_F(CodecChoiceTest, WithoutASpecItIsLz4) {
  put("k", text);
  EXPECT_EQ(format_of("k"), "lz4");
}

TEST_F(CodecChoiceTest, WhatDoesNotGetSmallerIsStoredRaw) {
  put("k", "abc", {"--codec", "zstd"});
  EXPECT_EQ(format_of("k"), "raw");
  EXPECT_EQ(codec_of("k"), "zstd");
}

TEST_F(CodecChoiceTest, AStoreWrittenWithOneCodecIsReadWithAnother) {
  put("k", text, {"--codec", "zstd"});
  for (const char* codec : {"raw", "lz4", "lz4:hc=9", "zstd:level=1"}) {
    EXPECT_EQ(cinch({"get", "k", "--codec", codec}).out, text) << codec;
  }
}

TEST_F(CodecChoiceTest, ValuesOfSeveralCodecsLieInOneStore) {
  put("a", text + "a", {"--codec", "zstd"});
  put("b", text + "b", {"--codec", "lz4:hc=9"});
  put("c", text + "c", {"--codec", "raw"});
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(cinch({"get", key}).out, text + key);
}

TEST_F(CodecChoiceTest, AConfigFileNamesStoreAndCodec) {
  write_config("codec = \"zstd:level=5\"\n");
  EXPECT_EQ(bare({"--config", "c.toml", "put", "k"}, text).status, 0);
  EXPECT_EQ(bare({"get", "k", "--config", "c.toml"}).out, text);
  EXPECT_EQ(codec_of("k"), "zstd:level=5");
}

TEST_F(CodecChoiceTest, ASpecOverridesTheConfig) {
  write_config("codec = \"zstd\"\n");
  EXPECT_EQ(bare({"--config", "c.toml", "--codec", "lz4", "put", "k"}, text).status, 0);
  EXPECT_EQ(format_of("k"), "lz4");
}

TEST_F(CodecChoiceTest, TheConfigsDirectoriesProvideCodecs) {
  write_config("codec = \"test.valid\"\n[plugins]\ndirectories = [\"" + codecs_dir + "\"]\n");
  EXPECT_EQ(bare({"--config", "c.toml", "put", "k"}, value_with_zeros).status, 0);
  EXPECT_EQ(format_of("k"), "test.valid");
  EXPECT_EQ(bare({"--config", "c.toml", "get", "k"}).out, value_with_zeros);
}

TEST_F(CodecChoiceTest, ADirectoryOfPluginsProvidesCodecs) {
  put("k", value_with_zeros, {"--plugins", codecs_dir, "--codec", "test.xor"});
  EXPECT_EQ(format_of("k"), "test.xor");
  EXPECT_EQ(cinch({"get", "k", "--plugins", codecs_dir}).out, value_with_zeros);
}

TEST_F(CodecChoiceTest, PluginsMayBeGivenMoreThanOnce) {
  const Outcome run =
      cinch({"--plugins", liars_dir, "--plugins", codecs_dir, "--codec", "test.valid", "put", "k"}, value_with_zeros);
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(format_of("k"), "test.valid");
}

TEST_F(CodecChoiceTest, ADirectoryOfPluginsMayBeRelative) {
  std::filesystem::create_directory_symlink(codecs_dir, dir.file("plugins"));
  put("k", value_with_zeros, {"--plugins", "plugins", "--codec", "test.valid"});
  EXPECT_EQ(format_of("k"), "test.valid");
}

}  // namespace
}  // namespace cinch::test
