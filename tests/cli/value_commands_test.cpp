// put, get, del, exists.
#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string every_byte() {
  std::string bytes;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  }
  return bytes + std::string("\0\r\n", 3);
}

class ValueCommandsTest : public CliTest {};

TEST_F(ValueCommandsTest, APutFileComesBackByteForByte) {
  write_file(dir.file("value"), every_byte());
  const Outcome run = cinch({"put", "k", "value"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(cinch({"get", "k"}).out, every_byte());
}

TEST_F(ValueCommandsTest, PutWithoutFileTakesStandardInput) {
  EXPECT_EQ(cinch({"put", "k"}, every_byte()).status, 0);
  EXPECT_EQ(cinch({"get", "k"}).out, every_byte());
}

TEST_F(ValueCommandsTest, ADashIsStandardInput) {
  EXPECT_EQ(cinch({"put", "k", "-"}, every_byte()).status, 0);
  EXPECT_EQ(cinch({"get", "k"}).out, every_byte());
}

TEST_F(ValueCommandsTest, PutReplaces) {
  put("k", "first");
  put("k", "second");
  EXPECT_EQ(cinch({"get", "k"}).out, "second");
}

TEST_F(ValueCommandsTest, GetWritesAFile) {
  put("k", every_byte());
  const Outcome run = cinch({"get", "k", "-o", "out"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(read_file(dir.file("out")), every_byte());
}

TEST_F(ValueCommandsTest, GetReplacesAFile) {
  put("k", "new");
  write_file(dir.file("out"), "an older and longer text");
  EXPECT_EQ(cinch({"get", "k", "-o", "out"}).status, 0);
  EXPECT_EQ(read_file(dir.file("out")), "new");
}

TEST_F(ValueCommandsTest, AGetThatFailsLeavesTheFileAsItWas) {
  put("k", "v");
  write_file(dir.file("out"), "old");
  EXPECT_EQ(cinch({"get", "absent", "-o", "out"}).status, 1);
  EXPECT_EQ(read_file(dir.file("out")), "old");
}

TEST_F(ValueCommandsTest, GetNamesAFileThatCannotBeWritten) {
  put("k", "v");
  expect_error(cinch({"get", "k", "-o", "no/such/dir/out"}), 5, "no/such/dir/out");
}

TEST_F(ValueCommandsTest, GetWritesAFileOfTheLongestName) {
  put("k", "v");
  const std::string name(255, 'n');
  EXPECT_EQ(cinch({"get", "k", "-o", name}).status, 0);
  EXPECT_EQ(read_file(dir.file(name)), "v");
  expect_error(cinch({"get", "k", "-o", name + "n"}), 5, "File name too long");
}

TEST_F(ValueCommandsTest, GetWritesWhereALinkLeads) {
  put("k", "v");
  write_file(dir.file("old"), "old");
  std::filesystem::create_directory(dir.file("links"));
  std::filesystem::create_symlink("../old", dir.file("links/to-a-file"));
  std::filesystem::create_symlink("../new", dir.file("links/to-nothing"));
  std::filesystem::create_symlink("to-nothing", dir.file("links/to-a-link"));
  for (const std::string name : {"to-a-file", "to-nothing", "to-a-link"}) {
    std::filesystem::remove(dir.file("new"));
    EXPECT_EQ(cinch({"get", "k", "-o", "links/" + name}).status, 0) << name;
    EXPECT_TRUE(std::filesystem::is_symlink(dir.file("links/" + name))) << name;
    EXPECT_EQ(read_file(dir.file("links/" + name)), "v") << name;
  }
  std::filesystem::create_symlink("circle", dir.file("circle"));
  expect_error(cinch({"get", "k", "-o", "circle"}), 5, "circle: cannot be created: Too many levels");
}

TEST_F(ValueCommandsTest, WhatIsTooLargeToBePutIsNotRead) {
  write_file(dir.file("large"), "");
  std::filesystem::resize_file(dir.file("large"), std::uint64_t{1} << 40);
  expect_error(cinch({"put", "k", "large"}), 5, "large: value of 1099511627776 bytes, expected at most 1073741824");
  write_config("[engine]\nmax_value = \"1000\"\n");
  const auto small = [this](const Args& arguments, const std::string& in = {}) {
    Args all = {"--config", "c.toml", "put", "k"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return bare(all, in);
  };
  expect_error(small({"/dev/zero"}), 5, "/dev/zero: value of more than 1000 bytes, expected at most 1000");
  expect_error(small({}, std::string(1001, 'v')), 5, "standard input: value of 1001 bytes, expected at most 1000");
  EXPECT_FALSE(std::filesystem::exists(store));
  EXPECT_EQ(small({}, std::string(1000, 'v')).status, 0);
}

TEST_F(ValueCommandsTest, TheEmptyValueIsAValue) {
  put("k", "");
  const Outcome run = cinch({"get", "k"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(cinch({"exists", "k"}).status, 0);
}

TEST_F(ValueCommandsTest, GetOfAnAbsentKeyIs1AndNamesIt) {
  put("k", "v");
  expect_error(cinch({"get", "other"}), 1, "\"other\"");
  expect_error(cinch({"get", "other", "--json"}), 1, "\"other\"");
}

TEST_F(ValueCommandsTest, PutOfAMissingFileIs5AndNamesIt) {
  put("other", "v");
  expect_error(cinch({"put", "k", "no-such-file"}), 5, "no-such-file");
  EXPECT_EQ(cinch({"exists", "k"}).status, 1);
}

TEST_F(ValueCommandsTest, DelRemovesSeveralKeysAndNoOther) {
  for (const char* key : {"a", "b", "c"}) put(key, "v");
  const Outcome run = cinch({"del", "a", "c"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(cinch({"ls"}).out, "b\n");
}

TEST_F(ValueCommandsTest, DelOfAnAbsentKeyIs0) {
  put("a", "v");
  EXPECT_EQ(cinch({"del", "absent"}).status, 0);
  const Outcome run = cinch({"del", "absent", "a", "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json(), (Json{{"removed", 1}}));
}

TEST_F(ValueCommandsTest, DelTakesKeysWithBracketsAndCommasAsTheyAre) {
  put("[a,b]", "v");
  put("a", "v");
  EXPECT_EQ(cinch({"del", "[a,b]"}).status, 0);
  EXPECT_EQ(cinch({"ls"}).out, "a\n");
}

TEST_F(ValueCommandsTest, ExistsIs0Or1) {
  put("a", "v");
  const Outcome there = cinch({"exists", "a"});
  EXPECT_EQ(there.status, 0);
  EXPECT_EQ(there.out, "yes\n");
  const Outcome absent = cinch({"exists", "b"});
  EXPECT_EQ(absent.status, 1);
  EXPECT_EQ(absent.out, "no\n");
}

TEST_F(ValueCommandsTest, ExistsInJsonSaysWhich) {
  put("a", "v");
  EXPECT_EQ(cinch({"exists", "a", "--json"}).json(), (Json{{"key", "a"}, {"exists", true}}));
  const Outcome absent = cinch({"exists", "b", "--json"});
  EXPECT_EQ(absent.status, 1);
  EXPECT_EQ(absent.json(), (Json{{"key", "b"}, {"exists", false}}));
}

TEST_F(ValueCommandsTest, ExistsIsQuietWhenAsked) {
  put("a", "v");
  const Outcome run = cinch({"exists", "a", "--quiet"});
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out, "");
}

TEST_F(ValueCommandsTest, PutInJsonSaysWhatItTakes) {
  const Outcome run = cinch({"put", "k", "--json", "--codec", "zstd"}, std::string(10'000, 'a'));
  const Json json = run.json();
  EXPECT_THAT(field_names(json),
              ElementsAre("codec", "format", "key", "loss", "lossy_origin", "ratio", "raw_bytes", "stored_bytes"));
  EXPECT_EQ(json["format"], "zstd");
  EXPECT_EQ(json["raw_bytes"], 10'000);
  EXPECT_LT(json["stored_bytes"], 1000);
}

TEST_F(ValueCommandsTest, GetInJsonEscapesTheValue) {
  put("k", std::string("a\0\\\xff", 4));
  EXPECT_EQ(cinch({"get", "k", "--json"}).json(), (Json{{"key", "k"}, {"raw_bytes", 4}, {"value", R"(a\x00\\\xff)"}}));
}

TEST_F(ValueCommandsTest, GetInJsonToAFileNamesTheFile) {
  put("k", "text");
  EXPECT_EQ(cinch({"get", "k", "--json", "-o", "out"}).json(), (Json{{"key", "k"}, {"raw_bytes", 4}, {"file", "out"}}));
  EXPECT_EQ(read_file(dir.file("out")), "text");
}

TEST_F(ValueCommandsTest, KeysAreAcceptedAndShownEscaped) {
  const std::string typed = R"(a\x00\xFF\\b)";
  put(typed, "v");
  EXPECT_EQ(cinch({"get", typed}).out, "v");
  EXPECT_EQ(cinch({"exists", typed}).status, 0);
  EXPECT_EQ(cinch({"ls"}).out, R"(a\x00\xff\\b)"
                               "\n");
  EXPECT_EQ(cinch({"ls", R"(a\x00\xff)", "--json"}).json(), Json::array({R"(a\x00\xff\\b)"}));
  EXPECT_EQ(cinch({"del", typed}).status, 0);
  EXPECT_EQ(cinch({"ls"}).out, "");
}

TEST_F(ValueCommandsTest, KeysInUtf8AreOneKeyAsTypedAndEscaped) {
  put("\xc3\xa9", "v");
  EXPECT_EQ(cinch({"get", R"(\xc3\xa9)"}).out, "v");
  EXPECT_EQ(cinch({"ls"}).out, R"(\xc3\xa9)"
                               "\n");
}

TEST_F(ValueCommandsTest, AnAbsentKeyIsNamedEscaped) {
  put("k", "v");
  expect_error(cinch({"get", R"(\x01\\)"}), 1, R"("\x01\\")");
}

TEST_F(ValueCommandsTest, AnEscapeThatIsNoneIsRefused) {
  for (const char* key : {R"(a\x0)", R"(a\n)", R"(a\)", R"(a\xg0)"}) {
    expect_error(cinch({"put", key}, "v"), 2, std::string("\"") + key + '"');
    expect_error(cinch({"ls", key}), 2, std::string("\"") + key + '"');
  }
}

TEST_F(ValueCommandsTest, AKeyOver64KiBIsRefused) {
  expect_error(cinch({"put", std::string(64 * 1024 + 1, 'k')}, "v"), 2, "key");
}

TEST_F(ValueCommandsTest, TheEmptyKeyIsAKey) {
  put("", "v");
  EXPECT_EQ(cinch({"get", ""}).out, "v");
}

TEST_F(ValueCommandsTest, AKeyLikeAFlagFollowsTwoDashes) {
  EXPECT_EQ(cinch({"put", "--", "--json"}, "v").status, 0);
  EXPECT_EQ(cinch({"get", "--", "--json"}).out, "v");
}

TEST_F(ValueCommandsTest, FlagsAreAcceptedBeforeAndAfterTheCommand) {
  EXPECT_EQ(bare({"put", "k", "--store", url, "--codec", "zstd"}, std::string(999, 'a')).status, 0);
  EXPECT_EQ(bare({"get", "--store", url, "k"}).out, std::string(999, 'a'));
  const Outcome before = bare({"--json", "--store", url, "stat", "k"});
  const Outcome after = bare({"stat", "k", "--store", url, "--json"});
  EXPECT_EQ(before.json()["format"], "zstd");
  EXPECT_EQ(before.out, after.out);
}

TEST_F(ValueCommandsTest, AStoreInMemoryEndsWithTheCommand) {
  EXPECT_EQ(bare({"--store", "memory:", "put", "k"}, "v").status, 0);
  expect_error(bare({"--store", "memory:", "get", "k"}), 1, "\"k\"");
}

}  // namespace
}  // namespace cinch::test
