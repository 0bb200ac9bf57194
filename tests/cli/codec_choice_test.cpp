// Which codec a value is written with, and that reading does not care: --codec, --config, --plugins.
#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

const std::string plugin_dir = CINCH_BUILD_DIR "/tests/plugins/codecs";
const std::string text(20'000, 'x');

class CodecChoiceTest : public CliTest {
 protected:
  std::string format_of(const std::string& key) const { return cinch({"stat", key, "--json"}).json()["format"]; }
  std::string codec_of(const std::string& key) const { return cinch({"stat", key, "--json"}).json()["codec"]; }

  std::string config(const std::string& codec) const {
    const std::string path = dir.file("cinch.toml");
    write_file(
        path, "[store]\nbackend = \"rocksdb\"\ncodec = \"" + codec + "\"\n[store.rocksdb]\npath = \"" + store + "\"\n");
    return path;
  }
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
  const std::string file = config("zstd:level=5");
  EXPECT_EQ(bare({"--config", file, "put", "k"}, text).status, 0);
  EXPECT_EQ(bare({"get", "k", "--config", file}).out, text);
  EXPECT_EQ(codec_of("k"), "zstd:level=5");
}

TEST_F(CodecChoiceTest, ASpecOverridesTheConfig) {
  EXPECT_EQ(bare({"--config", config("zstd"), "--codec", "lz4", "put", "k"}, text).status, 0);
  EXPECT_EQ(format_of("k"), "lz4");
}

TEST_F(CodecChoiceTest, TheConfigsDirectoriesProvideCodecs) {
  const std::string file = config("test.valid");
  write_file(file, "[plugins]\ndirectories = [\"" + plugin_dir + "\"]\n" + read_file(file));
  const std::string value = "value" + std::string(1000, '\0');
  EXPECT_EQ(bare({"--config", file, "put", "k"}, value).status, 0);
  EXPECT_EQ(format_of("k"), "test.valid");
  EXPECT_EQ(bare({"--config", file, "get", "k"}).out, value);
}

TEST_F(CodecChoiceTest, ADirectoryOfPluginsProvidesCodecs) {
  const std::string value = "value" + std::string(1000, '\0');
  put("k", value, {"--plugins", plugin_dir, "--codec", "test.xor"});
  EXPECT_EQ(format_of("k"), "test.xor");
  EXPECT_EQ(cinch({"get", "k", "--plugins", plugin_dir}).out, value);
}

TEST_F(CodecChoiceTest, PluginsMayBeGivenMoreThanOnce) {
  const Outcome run = cinch({"--plugins", CINCH_BUILD_DIR "/tests/plugins/liars", "--plugins", plugin_dir, "--codec",
                             "test.valid", "put", "k"},
                            "value" + std::string(1000, '\0'));
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(format_of("k"), "test.valid");
}

TEST_F(CodecChoiceTest, ADirectoryOfPluginsMayBeRelative) {
  std::filesystem::create_directory_symlink(plugin_dir, dir.file("plugins"));
  put("k", "value" + std::string(1000, '\0'), {"--plugins", "plugins", "--codec", "test.valid"});
  EXPECT_EQ(format_of("k"), "test.valid");
}

}  // namespace
}  // namespace cinch::test
