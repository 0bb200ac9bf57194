// codec list, plugin list, and where plugins are looked for.
#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

const std::string broken_dir = CINCH_BUILD_DIR "/tests/plugins/broken";

std::vector<std::string> column(const Json& list, const char* field) {
  std::vector<std::string> values;
  for (const Json& one : list) values.push_back(one[field]);
  return values;
}

Json with_name(const Json& list, const char* field, const std::string& value) {
  for (const Json& one : list) {
    if (one[field].get<std::string>().ends_with(value)) return one;
  }
  ADD_FAILURE() << "no " << field << " is " << value << " in " << list;
  return {};
}

class CodecCommandsTest : public CliTest {};

TEST_F(CodecCommandsTest, TheBundledCodecsAreListed) {
  const Outcome run = bare({"codec", "list"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
  for (const char* name : {"\nlz4 ", "\nraw ", "\nzstd "}) EXPECT_THAT(run.out, HasSubstr(name));
  EXPECT_THAT(run.out, HasSubstr("built in"));
}

TEST_F(CodecCommandsTest, InJsonEveryCodecSaysWhatItCan) {
  const Json json = bare({"codec", "list", "--json"}).json();
  EXPECT_THAT(column(json, "format"), IsSupersetOf({"lz4", "quant", "raw", "tensor", "zstd"}));
  EXPECT_THAT(field_names(json[0]), ElementsAre("decodes", "encodes", "format", "implementation", "lossy",
                                                "needs_shape", "origin", "target", "version"));
  EXPECT_EQ(with_name(json, "format", "raw")["origin"], "built in");
  EXPECT_EQ(with_name(json, "format", "zstd")["encodes"], true);
  EXPECT_EQ(with_name(json, "format", "zstd")["lossy"], false);
}

TEST_F(CodecCommandsTest, CodecsOfADirectoryAreListedToo) {
  const Json json = bare({"codec", "list", "--json", "--plugins", codecs_dir}).json();
  EXPECT_THAT(column(json, "format"), IsSupersetOf({"lz4", "raw", "test.lossy", "test.valid", "test.xor", "zstd"}));
  EXPECT_EQ(with_name(json, "format", "test.lossy")["lossy"], true);
  EXPECT_EQ(with_name(json, "format", "test.lossy")["target"], "scalar");
  EXPECT_EQ(with_name(json, "format", "test.xor")["target"], "");
  EXPECT_EQ(with_name(json, "format", "test.xor")["version"], "2.1");
}

TEST_F(CodecCommandsTest, ThePluginPathIsLookedAtToo) {
  RunOptions options;
  options.environment = {"CINCH_PLUGIN_PATH=/nonexistent::" + codecs_dir};
  EXPECT_THAT(column(run_cinch({"codec", "list", "--json"}, options).json(), "format"), Contains("test.xor"));
}

TEST_F(CodecCommandsTest, AValueWrittenThroughThePluginPathIsReadThroughIt) {
  RunOptions options;
  options.environment = {"CINCH_PLUGIN_PATH=" + codecs_dir};
  options.in = value_with_zeros;
  ASSERT_EQ(run_cinch({"--store", url, "--codec", "test.xor", "put", "k"}, options).status, 0);
  EXPECT_EQ(run_cinch({"--store", url, "get", "k"}, options).out, value_with_zeros);
  EXPECT_EQ(cinch({"get", "k"}).status, 4);
}

TEST_F(CodecCommandsTest, PluginFilesAreListedWithTheirState) {
  const Json json = bare({"plugin", "list", "--json"}).json();
  EXPECT_THAT(column(json, "id"), IsSupersetOf({"cinch.lz4", "cinch.quant", "cinch.tensor", "cinch.zstd"}));
  EXPECT_THAT(field_names(json[0]), ElementsAre("formats", "id", "loaded", "message", "path", "refusal", "version"));
  const Json lz4 = with_name(json, "id", "cinch.lz4");
  EXPECT_EQ(lz4["formats"], Json::array({"lz4"}));
  EXPECT_EQ(lz4["loaded"], true);
  EXPECT_EQ(lz4["refusal"], "");
}

TEST_F(CodecCommandsTest, BrokenPluginsAreRefusedAndTheOthersWork) {
  const Outcome run = bare({"plugin", "list", "--json", "--plugins", broken_dir});
  EXPECT_EQ(run.status, 0) << run.err;
  const Json json = run.json();
  const Json abi = with_name(json, "path", "/abi_major.cinch.so");
  EXPECT_EQ(abi["loaded"], false);
  EXPECT_EQ(abi["refusal"], "abi_major");
  EXPECT_THAT(abi["message"].get<std::string>(), HasSubstr("ABI 7"));
  EXPECT_EQ(with_name(json, "path", "/no_manifest.cinch.so")["refusal"], "not_a_plugin");
  EXPECT_EQ(with_name(json, "path", "/second_valid.cinch.so")["loaded"], true);
  EXPECT_EQ(with_name(json, "path", "/zstd.cinch.so")["loaded"], true);
}

TEST_F(CodecCommandsTest, WhySaysTheReasonOfEachRefusal) {
  const Outcome plain = bare({"plugin", "list", "--plugins", broken_dir});
  EXPECT_EQ(plain.status, 0) << plain.err;
  EXPECT_THAT(plain.out, HasSubstr("refused: abi_major"));
  EXPECT_THAT(plain.out, Not(HasSubstr("it is built for ABI 7")));
  const Outcome why = bare({"plugin", "list", "--why", "--plugins", broken_dir});
  EXPECT_EQ(why.status, 0) << why.err;
  EXPECT_THAT(why.out, HasSubstr("it is built for ABI 7"));
  EXPECT_THAT(why.out, HasSubstr("it is built for plan9-pdp11, expected linux-x86_64"));
}

TEST_F(CodecCommandsTest, NamesOfFilesAreShownWithoutTheirControlCharacters) {
  std::filesystem::create_directory(dir.file("plugins"));
  std::filesystem::copy_file(codecs_dir + "/valid.cinch.so", dir.file("plugins/\033[31m\n.cinch.so"));
  for (const char* list : {"plugin", "codec"}) {
    const Outcome run = bare({list, "list", "--plugins", "plugins"});
    EXPECT_EQ(run.status, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("/plugins/?[31m .cinch.so\n"));
  }
}

TEST_F(CodecCommandsTest, FilesThatAreNoSharedObjectsAreRefused) {
  std::filesystem::create_directory(dir.file("plugins"));
  write_file(dir.file("plugins/text.cinch.so"), "not an object");
  write_file(dir.file("plugins/empty.cinch.so"), "");
  const std::string whole = read_file(codecs_dir + "/valid.cinch.so");
  write_file(dir.file("plugins/cut.cinch.so"), whole.substr(0, whole.size() / 2));
  write_file(dir.file("plugins/readme.txt"), "not looked at");
  const Outcome run = bare({"plugin", "list", "--json", "--plugins", "plugins"});
  EXPECT_EQ(run.status, 0) << run.err;
  const Json json = run.json();
  for (const char* name : {"/text.cinch.so", "/empty.cinch.so", "/cut.cinch.so"}) {
    const Json one = with_name(json, "path", name);
    EXPECT_EQ(one["loaded"], false) << name;
    EXPECT_NE(one["message"], "") << name;
  }
  EXPECT_THAT(column(json, "path"), Not(Contains(HasSubstr("readme"))));
}

TEST_F(CodecCommandsTest, BrokenPluginsDoNotGetInTheWayOfValues) {
  put("k", std::string(1000, 'a'), {"--plugins", broken_dir, "--codec", "zstd"});
  EXPECT_EQ(cinch({"get", "k", "--plugins", broken_dir}).out, std::string(1000, 'a'));
}

}  // namespace
}  // namespace cinch::test
