// What the command line and the config can get wrong: exit status 2, one line that says what and where.
#include <sstream>

#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class UsageTest : public CliTest {};

TEST_F(UsageTest, NoCommand) { expect_error(bare({}), 2, "a command is required"); }

TEST_F(UsageTest, AnUnknownCommandGetsTheNearest) {
  expect_error(bare({"verfiy"}), 2, "unknown command \"verfiy\"; did you mean \"verify\"?");
  expect_error(cinch({"exprot", "x"}), 2, "did you mean \"export\"?");
  expect_error(bare({"plugin", "lsit"}), 2, "unknown command \"lsit\"; did you mean \"list\"?");
}

TEST_F(UsageTest, AnUnknownCommandLikeNoOtherGetsNoSuggestion) {
  const Outcome run = bare({"frobnicate"});
  expect_error(run, 2, "unknown command \"frobnicate\"");
  EXPECT_EQ(run.err.find("did you mean"), std::string::npos) << run.err;
}

TEST_F(UsageTest, ANameThatACommandHasElsewhereGetsThatCommand) {
  for (const auto& [name, command] : {std::pair("rm", "del"), {"delete", "del"}, {"list", "ls"}, {"set", "put"}}) {
    expect_error(bare({name}), 2, std::string("; did you mean \"") + command + "\"?");
  }
  expect_error(bare({"codec", "rm"}), 2, "unknown command \"rm\"; see");
}

TEST_F(UsageTest, HelpIsACommandToo) {
  EXPECT_EQ(bare({"help"}).out, bare({"--help"}).out);
  EXPECT_EQ(bare({"help", "put"}).out, bare({"put", "--help"}).out);
  EXPECT_EQ(bare({"help", "codec", "list"}).out, bare({"codec", "list", "--help"}).out);
  EXPECT_EQ(bare({"help", "put"}).status, 0);
  expect_error(bare({"help", "ptu"}), 2, "unknown command \"ptu\"; did you mean \"put\"?");
  expect_error(bare({"help", "demo-check"}), 2, "unknown command");
  EXPECT_EQ(bare({"version"}).out, bare({"--version"}).out);
  EXPECT_EQ(cinch({"put", "help"}, "v").status, 0);
}

TEST_F(UsageTest, CommandsThatAreNotShownAreNotSuggested) {
  EXPECT_EQ(bare({"demo-chek"}).err.find("demo-check"), std::string::npos);
}

TEST_F(UsageTest, AnUnknownFlagGetsTheNearest) {
  expect_error(bare({"--stroe", url, "ls"}), 2, "unknown flag --stroe; did you mean \"--store\"?");
  expect_error(cinch({"ls", "--lnog"}), 2, "unknown flag --lnog; did you mean \"--long\"?");
  expect_error(cinch({"verify", "--shalow"}), 2, "did you mean \"--shallow\"?");
}

TEST_F(UsageTest, AMissingArgumentIsNamed) {
  for (const char* command : {"put", "get", "exists"}) {
    expect_error(cinch({command}), 2, std::string(command) + ": KEY is required");
  }
  expect_error(cinch({"del"}), 2, "del: KEY or --prefix is required");
  expect_error(cinch({"import"}), 2, "FILE is required");
  expect_error(cinch({"export"}), 2, "OUT is required");
  expect_error(bare({"bench"}), 2, "--input is required");
  expect_error(bare({"codec"}), 2, "a command is required");
}

TEST_F(UsageTest, AFlagWithoutItsArgumentIsNamed) {
  expect_error(bare({"ls", "--store"}), 2, "--store");
  expect_error(bare({"--store"}), 2, "--store");
  expect_error(bare({"--json=false", "ls"}), 2, "--json: takes no value");
  expect_error(cinch({"get", "k", "-o"}), 2, "get: --output: expected FILE; see cinch get --help");
}

TEST_F(UsageTest, AFileWithoutANameIsNamedAsTheArgumentThatItIs) {
  put("k", "v");
  expect_error(cinch({"get", "k", "-o", ""}), 2, "get: --output: expected FILE, given \"\"");
  expect_error(cinch({"put", "k", ""}), 2, "put: expected FILE, given \"\"");
  expect_error(cinch({"export", ""}), 2, "export: expected OUT, given \"\"");
  expect_error(cinch({"backup", ""}), 2, "backup: expected DIR, given \"\"");
  expect_error(bare({"--config", "", "ls"}), 2, "ls: --config: expected FILE, given \"\"");
  expect_error(bare({"bench", "--input", ""}), 2, "bench: --input: expected FILE, given \"\"");
  EXPECT_EQ(cinch({"get", "k"}).out, "v");
}

TEST_F(UsageTest, AFlagThatIsGivenNothingDoesNotTakeTheNext) {
  expect_error(cinch({"put", "k", "--dtype=", "--shape", "0"}), 2, "--dtype=: expected something after the \"=\"");
  expect_error(cinch({"get", "--output=", "k"}), 2, "--output=: expected something");
  EXPECT_EQ(cinch({"put", "--", "--dtype="}, "v").status, 0);
}

TEST_F(UsageTest, AFlagGivenTwiceIsNamed) {
  expect_error(cinch({"--store", "memory:", "ls"}), 2, "ls: --store: expected one, given 2");
}

TEST_F(UsageTest, AnArgumentTooManyIsNamed) {
  expect_error(cinch({"get", "a", "extra"}), 2, "get: unexpected argument \"extra\"");
  expect_error(bare({"config", "check", "a", "b"}), 2, "config check: unexpected argument \"b\"");
}

TEST_F(UsageTest, AFlagThatWouldBeIgnoredIsRefused) {
  write_file(dir.file("c.toml"), "");
  expect_error(cinch({"config", "check", "c.toml"}), 2, "config check: does not take --store");
  expect_error(bare({"config", "check", "c.toml", "--config", "c.toml"}), 2, "takes FILE instead of --config");
  expect_error(cinch({"demo"}), 2, "demo: does not take --store");
  expect_error(cinch({"bench", "--input", "c.toml"}), 2, "bench: does not take --store");
}

TEST_F(UsageTest, StoreAndConfigDoNotGoTogether) {
  write_file(dir.file("c.toml"), "");
  expect_error(cinch({"--config", "c.toml", "ls"}), 2, "--store does not go with --config");
}

TEST_F(UsageTest, AStoreMustBeNamed) { expect_error(bare({"ls"}), 2, "--store"); }

TEST_F(UsageTest, ACodecThatDoesNotExistGetsTheKnownOnes) {
  const Outcome run = cinch({"--codec", "zsdt", "put", "k"}, "v");
  expect_error(run, 2, "\"zsdt\"");
  EXPECT_THAT(run.err, ContainsRegex("known: .*lz4, .*raw, .*zstd; did you mean \"zstd\"\\?"));
  expect_error(cinch({"--codec", "ZSTD", "put", "k"}, "v"), 2, "did you mean \"zstd\"?");
}

TEST_F(UsageTest, ACodecThatDoesNotExistIsRefusedByEveryCommand) {
  put("k", "v");
  write_file(dir.file("file"), "x");
  for (const Args& args :
       std::vector<Args>{{"get", "k"}, {"ls"}, {"stat"}, {"verify"}, {"codec", "list"}, {"import", "file"}}) {
    Args all = args;
    all.insert(all.end(), {"--codec", "nope"});
    expect_error(cinch(all), 2, "\"nope\"");
  }
  for (const Args& args :
       std::vector<Args>{{"bench", "--input", "file", "--codec", "nope"}, {"demo", "--codec", "nope"}}) {
    expect_error(bare(args), 2, "\"nope\"");
  }
}

TEST_F(UsageTest, AnUnknownParameterGetsTheKnownOnes) {
  expect_error(cinch({"--codec", "zstd:lvl=3", "put", "k"}, "v"), 2,
               "zstd: unknown parameter \"lvl\"; known: level, long; did you mean \"level\"?\n");
}

TEST_F(UsageTest, AParameterOutOfRangeIsNamed) {
  expect_error(cinch({"--codec", "zstd:level=99", "put", "k"}, "v"), 2,
               "zstd: level: \"99\", expected an integer from -7 to 22\n");
}

TEST_F(UsageTest, AWriteTakesOneCodec) {
  expect_error(cinch({"--codec", "raw", "--codec", "lz4", "put", "k"}, "v"), 2, "--codec");
}

TEST_F(UsageTest, ABadConfigNamesFileLineAndKey) {
  write_file(dir.file("c.toml"), "[store]\nbackend = \"memory\"\ncodek = \"lz4\"\n");
  expect_error(bare({"--config", "c.toml", "ls"}), 2, "c.toml:3: store.codek: ");
}

TEST_F(UsageTest, EachMistakeOfAConfigIsALine) {
  write_file(dir.file("c.toml"), "[engine]\nblok = 1\n[store]\ncodek = \"lz4\"\ncodec = \"nope\"\n");
  for (const Args& args : {Args{"--config", "c.toml", "ls"}, Args{"config", "check", "c.toml"}}) {
    const Outcome run = bare(args);
    EXPECT_EQ(run.status, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, testing::MatchesRegex("cinch: c.toml:2: engine.blok: .*\ncinch: c.toml:4: store.codek: .*\n"
                                               "cinch: c.toml:5: store.codec: .*\n"));
  }
}

TEST_F(UsageTest, AConfigThatIsNoTomlNamesItsLine) {
  write_file(dir.file("c.toml"), "[store]\nbackend = \n");
  expect_error(bare({"--config", "c.toml", "ls"}), 2, "c.toml:2: ");
}

TEST_F(UsageTest, AConfigsUnknownCodecIsRefused) {
  write_file(dir.file("c.toml"), "[store]\nbackend = \"memory\"\ncodec = \"nope\"\n");
  expect_error(bare({"--config", "c.toml", "put", "k"}, "v"), 2, "\"nope\"");
}

TEST_F(UsageTest, AMissingConfigIsNamed) { expect_error(bare({"--config", "no.toml", "ls"}), 2, "no.toml"); }

TEST_F(UsageTest, AConfigThatIsADirectoryIsNamed) {
  expect_error(bare({"--config", dir.path().string(), "ls"}), 2, dir.path().string());
}

TEST_F(UsageTest, AnEmptyConfigIsAStoreInMemory) {
  write_file(dir.file("c.toml"), "");
  const Outcome run = bare({"--config", "c.toml", "ls"});
  EXPECT_EQ(run.status, 0) << run.err;
}

TEST_F(UsageTest, AUrlWithoutABackendIsRefused) {
  expect_error(bare({"--store", "directory", "ls"}), 2, "\"directory\"");
  expect_error(bare({"--store", "rocksdb:", "ls"}), 2, "path");
}

TEST_F(UsageTest, AnUnknownBackendGetsTheKnownOnes) {
  const Outcome run = bare({"--store", "rocksbd:x", "ls"});
  expect_error(run, 2, "\"rocksbd\"");
  EXPECT_THAT(run.err, HasSubstr("known: memory, rocksdb; did you mean \"rocksdb\"?"));
}

TEST_F(UsageTest, AMissingStoreIsNamedAndNotMade) {
  for (const Args& args : std::vector<Args>{{"get", "k"},
                                            {"exists", "k"},
                                            {"del", "k"},
                                            {"ls"},
                                            {"stat"},
                                            {"stat", "k"},
                                            {"verify"},
                                            {"export", "out"},
                                            {"copy", "--to", "memory:"}}) {
    expect_error(cinch(args), 2, store);
    EXPECT_FALSE(std::filesystem::exists(store)) << args[0];
  }
}

TEST_F(UsageTest, WithoutWhatIsToBeStoredNoStoreIsMade) {
  expect_error(cinch({"put", "k", "no-such-file"}), 5, "no-such-file");
  expect_error(cinch({"import", "no-such-file"}), 5, "no-such-file");
  expect_error(cinch({"put", "k", "--codec", "nope"}, "v"), 2, "\"nope\"");
  EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(UsageTest, AMissingPluginDirectoryIsNamed) {
  expect_error(cinch({"--plugins", "no-such-dir", "ls"}), 2, "no-such-dir");
}

TEST_F(UsageTest, BenchRefusesFiguresOutOfRange) {
  write_file(dir.file("file"), "x");
  expect_error(bare({"bench", "--input", "file", "--threads", "0"}), 2, "--threads");
  for (const char* seconds : {"-1", "0", "1e9", "nan", "inf", "soon", ""}) {
    expect_error(bare({"bench", "--input", "file", "--seconds", seconds}), 2, "--seconds");
  }
  expect_error(bare({"bench", "--input", "file", "--threads", "two"}), 2, "--threads");
}

TEST_F(UsageTest, ErrorsAreTheSameInJson) {
  expect_error(cinch({"--json", "get"}), 2, "KEY is required");
  expect_error(bare({"--json", "ls"}), 2, "--store");
}

TEST_F(UsageTest, HelpIsPrintedAndFine) {
  const Outcome all = bare({"--help"});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(all.err, "");
  for (const char* name : {"--store", "--config", "--codec", "--plugins", "--rule", "--json", "--quiet"}) {
    EXPECT_THAT(all.out, HasSubstr(std::string("\n  ") + name + " ")) << name;
  }
}

TEST_F(UsageTest, EveryCommandHasHelpWithExamplesOfItself) {
  const std::string all = bare({"--help"}).out;
  for (const char* name : {"put",          "get",    "del",        "exists", "ls",          "stat",    "import",
                           "export",       "verify", "recompress", "copy",   "backup",      "restore", "config",
                           "config check", "codec",  "codec list", "plugin", "plugin list", "bench",   "demo"}) {
    Args words;
    std::istringstream text(name);
    for (std::string word; text >> word;) words.push_back(word);
    EXPECT_THAT(all, HasSubstr("\n  " + words[0] + " ")) << name;
    words.push_back("--help");
    const Outcome one = bare(words);
    EXPECT_EQ(one.status, 0) << name;
    EXPECT_EQ(one.err, "") << name;
    EXPECT_THAT(one.out, HasSubstr(std::string("cinch ") + name + " ")) << name;
    const std::size_t examples = one.out.find("\nExamples:\n  ");
    ASSERT_NE(examples, std::string::npos) << one.out;
    EXPECT_THAT(one.out.substr(examples), testing::ContainsRegex(" cinch .*" + words[0])) << one.out;
  }
}

TEST_F(UsageTest, TheVersionIsPrinted) { EXPECT_THAT(bare({"--version"}).out, StartsWith("cinch 0.")); }

}  // namespace
}  // namespace cinch::test
