// The program as a process: where it runs from, who else has the store, and where its output goes.
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "cinch/store_config.hpp"
#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ProcessTest : public CliTest {
 protected:
  /// Lists the codecs with a program of that path, from a directory, and expects the bundled ones.
  void expect_finds_plugins(const std::string& program, const std::string& directory) const {
    RunOptions options;
    options.program = program;
    options.directory = directory;
    const Outcome run = run_cinch({"codec", "list"}, options);
    EXPECT_EQ(run.status, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("\nlz4 "));
    EXPECT_THAT(run.out, HasSubstr("\nzstd "));
  }

  Outcome with_output(const Args& arguments, int descriptor) const {
    RunOptions options;
    options.output = descriptor;
    options.directory = dir.path().string();
    return run_cinch(arguments, options);
  }
};

TEST_F(ProcessTest, FindsItsPluginsFromAnyDirectory) {
  expect_finds_plugins(cinch_program(), "/");
  expect_finds_plugins(cinch_program(), dir.path().string());
}

TEST_F(ProcessTest, FindsItsPluginsWhenCalledByARelativePath) {
  const fs::path build = fs::path(cinch_program()).parent_path().parent_path();
  expect_finds_plugins("bin/cinch", build.string());
  expect_finds_plugins("../bin/cinch", (build / "lib").string());
}

TEST_F(ProcessTest, FindsItsPluginsThroughASymlink) {
  fs::create_symlink(cinch_program(), dir.file("link"));
  expect_finds_plugins(dir.file("link"), "/");
  expect_finds_plugins("./link", dir.path().string());
}

TEST_F(ProcessTest, TheDemosSampleIsFoundThroughASymlink) {
  fs::create_symlink(cinch_program(), dir.file("link"));
  RunOptions options;
  options.program = "./link";
  options.directory = dir.path().string();
  const Outcome run = run_cinch({"demo", "--codec", "raw"}, options);
  EXPECT_EQ(run.status, 0) << run.err;
}

TEST_F(ProcessTest, AStoresPathMayBeRelative) {
  EXPECT_EQ(bare({"--store", "rocksdb:new", "put", "k"}, "v").status, 0);
  EXPECT_TRUE(fs::is_directory(dir.file("new")));
  EXPECT_EQ(bare({"--store", "rocksdb:" + dir.file("new"), "get", "k"}).out, "v");
  EXPECT_EQ(bare({"--store", "rocksdb:./new/", "get", "k"}).out, "v");
  EXPECT_EQ(bare({"--store", "rocksdb:other/", "put", "k"}, "v").status, 0);
}

TEST_F(ProcessTest, NothingIsLeftBesideTheStore) {
  put("k", "v");
  EXPECT_EQ(cinch({"get", "k", "-o", "out"}).status, 0);
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir.path())) names.push_back(entry.path().filename());
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("out", "store"));
}

TEST_F(ProcessTest, AStoreThatSomebodyHoldsIsLockedForWriters) {
  const auto config = StoreConfig::from_url(url);
  ASSERT_TRUE(config);
  const auto held = open_store(*config);
  ASSERT_TRUE(held) << held.status().to_string();
  ASSERT_TRUE((*held)->set("k", "v").ok());
  const Outcome run = cinch({"put", "k"}, "other");
  expect_error(run, 5, "lock");
  EXPECT_THAT(run.err, HasSubstr(store));
  for (const Args& args : std::vector<Args>{{"del", "k"}, {"recompress", "--codec", "zstd"}, {"backup", "backup"}}) {
    expect_error(cinch(args), 5, "lock");
  }
  ASSERT_TRUE((*held)->close().ok());
  EXPECT_EQ(cinch({"get", "k"}).out, "v");
}

TEST_F(ProcessTest, AStoreThatSomebodyHoldsCanBeRead) {
  const auto held = open_store(*StoreConfig::from_url(url));
  ASSERT_TRUE(held) << held.status().to_string();
  ASSERT_TRUE((*held)->set("k", "v").ok());
  ASSERT_TRUE((*held)->flush().ok());
  EXPECT_EQ(cinch({"get", "k"}).out, "v");
  EXPECT_EQ(cinch({"ls"}).out, "k\n");
  EXPECT_EQ(cinch({"verify"}).status, 0);
  ASSERT_TRUE((*held)->set("l", "w").ok());
}

TEST_F(ProcessTest, AFullDiskUnderStandardOutputIs5) {
  put("k", "v");
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  for (const Args& args : std::vector<Args>{{"get", "k"}, {"ls"}, {"stat"}, {"verify"}, {"exists", "k"}}) {
    Args all = {"--store", url};
    all.insert(all.end(), args.begin(), args.end());
    expect_error(with_output(all, full), 5, "standard output");
  }
  expect_error(with_output({"codec", "list"}, full), 5, "standard output");
  expect_error(with_output({"--help"}, full), 5, "standard output");
  ::close(full);
}

TEST_F(ProcessTest, AClosedPipeIs5AndNoSignal) {
  put("k", std::string(200'000, 'v'));
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  ::close(ends[0]);
  expect_error(with_output({"--store", url, "get", "k"}, ends[1]), 5, "standard output");
  ::close(ends[1]);
}

TEST_F(ProcessTest, WithoutStandardStreamsNothingIsWrittenIntoTheStoresFiles) {
  put("k", std::string(50'000, 'v'), {"--codec", "raw"});
  RunOptions options;
  options.closes_standard = true;
  EXPECT_EQ(run_cinch({"--store", url, "get", "k"}, options).status, 5);
  EXPECT_EQ(run_cinch({"--store", url, "put", "k"}, options).status, 5);
  EXPECT_EQ(run_cinch({"--store", url, "put", "--json", "l", "/dev/null"}, options).status, 5);
  EXPECT_EQ(run_cinch({"--store", url, "get", "absent"}, options).status, 1);
  EXPECT_EQ(cinch({"verify"}).status, 0);
  EXPECT_EQ(cinch({"get", "k"}).out, std::string(50'000, 'v'));
}

}  // namespace
}  // namespace cinch::test
