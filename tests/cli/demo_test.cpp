// demo: its tables, and the store that it leaves.
#include <sstream>

#include "tests/cli/safetensors_file.hpp"

namespace cinch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class DemoTest : public CliTest {
 protected:
  std::string directory = dir.file("cinch-demo");

  /// A small file of tensors, so that a demo of it is short.
  std::string small_file() const {
    return save_safetensors(dir.file("small.safetensors"),
                            R"({"t":{"dtype":"BF16","shape":[100,5],"data_offsets":[0,1000]}})",
                            std::string(500, 'a') + std::string(500, 'b'));
  }

  /// The shell command, run where the demo ran.
  int shell(const std::string& command) const {
    return std::system(("cd '" + dir.path().string() + "' && " + command + " >shell.out 2>&1").c_str());
  }
};

/// The lines that start with two blanks and come after "Go on with".
Args commands_of(const std::string& out) {
  Args commands;
  std::istringstream lines(out.substr(std::min(out.find("Go on with"), out.size())));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  ")) commands.push_back(line.substr(2));
  }
  return commands;
}

TEST_F(DemoTest, TheSampleGoesThroughAllCodecsAndTheStoreWorks) {
  const Outcome run = bare({"demo"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, HasSubstr("25 tensors of "));
  EXPECT_THAT(run.out, HasSubstr("JSON documents, "));
  for (const char* codec : {"\nraw ", "\nlz4 ", "\nzstd:level=1 ", "\nzstd:level=9 "}) {
    const std::size_t first = run.out.find(codec);
    ASSERT_NE(first, std::string::npos) << codec << run.out;
    EXPECT_NE(run.out.find(codec, first + 1), std::string::npos) << "not in the second table: " << codec << run.out;
  }
  for (const char* heading : {"ratio", "memory set MB/s", "get MB/s", "RocksDB set MB/s", "on disk"}) {
    EXPECT_THAT(run.out, HasSubstr(heading));
  }
  EXPECT_THAT(run.out, HasSubstr("came back bit for bit, from RocksDB in a new process"));
  EXPECT_THAT(run.out, HasSubstr("saves next to nothing"));

  const Args commands = commands_of(run.out);
  ASSERT_EQ(commands.size(), 3u) << run.out;
  for (const std::string& command : commands) {
    EXPECT_EQ(shell(command), 0) << command << "\n" << read_file(dir.file("shell.out"));
  }
  EXPECT_TRUE(read_file(dir.file("kv-copy.safetensors")) == read_file(sample_path));
}

TEST_F(DemoTest, AFileOfOnesOwnAndCodecsMayBeGiven) {
  const std::string file = small_file();
  const Outcome run = bare({"demo", "small.safetensors", "--codec", "lz4"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("1 tensors of " + file));
  EXPECT_EQ(run.out.find("zstd"), std::string::npos) << run.out;
  ASSERT_EQ(bare({"--store", "rocksdb:cinch-demo/store", "export", "out", "--prefix", "kv/"}).status, 0);
  EXPECT_EQ(read_file(dir.file("out")), read_file(file));
}

TEST_F(DemoTest, LossyCodecsShowWhatTheyLoseAndTheStoreThatStaysLosesNothing) {
  small_file();
  const Outcome run = bare({"demo", "small.safetensors", "--token-axis", "0", "--plugins", codecs_dir, "--codec",
                            "test.lossy", "--codec", "lz4"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("  error  worst row  max abs"));
  EXPECT_THAT(run.out, HasSubstr("but for those of test.lossy: "));
  EXPECT_EQ(run.out.find("\ntest.lossy "), run.out.rfind("\ntest.lossy ")) << "text was changed: " << run.out;
  const Json stat = bare({"--store", "rocksdb:cinch-demo/store", "stat", "kv/t", "--json"}).json();
  EXPECT_EQ(stat["format"], "lz4");
}

TEST_F(DemoTest, InJsonItIsOneDocument) {
  small_file();
  const Outcome run = bare({"demo", "small.safetensors", "--codec", "raw", "--codec", "zstd", "--json"});
  ASSERT_EQ(run.status, 0) << run.err;
  const Json json = run.json();
  EXPECT_THAT(field_names(json), ElementsAre("documents", "file", "next", "store", "tensors"));
  EXPECT_EQ(json["next"].size(), 3u);
  for (const char* data : {"tensors", "documents"}) {
    ASSERT_EQ(json[data]["codecs"].size(), 2u) << data;
    const Json& zstd = json[data]["codecs"][1];
    EXPECT_THAT(field_names(zstd), ElementsAre("codec", "disk_bytes", "loss", "memory_get_mbps", "memory_set_mbps",
                                               "ratio", "rocksdb_get_mbps", "rocksdb_set_mbps"));
    EXPECT_EQ(zstd["codec"], "zstd");
    EXPECT_GT(zstd["ratio"].get<double>(), 2) << data;
    EXPECT_GT(zstd["disk_bytes"].get<double>(), 0) << data;
  }
}

TEST_F(DemoTest, ASecondRunReplacesItsOwnDirectory) {
  small_file();
  const Args demo = {"demo", "small.safetensors", "--codec", "lz4"};
  ASSERT_EQ(bare(demo).status, 0);
  const std::string url_of_demo = "rocksdb:cinch-demo/store";
  ASSERT_EQ(bare({"--store", url_of_demo, "put", "mine"}, "v").status, 0);
  const Outcome again = bare(demo);
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(bare({"--store", url_of_demo, "exists", "mine"}).status, 1);
  EXPECT_EQ(bare({"--store", url_of_demo, "verify"}).status, 0);
}

TEST_F(DemoTest, ADirectoryThatIsNotItsOwnIsLeftAlone) {
  small_file();
  std::filesystem::create_directory(directory);
  write_file(directory + "/thesis.txt", "ten years of work");
  expect_error(bare({"demo", "small.safetensors", "--codec", "lz4"}), 5, directory);
  EXPECT_EQ(read_file(directory + "/thesis.txt"), "ten years of work");
}

TEST_F(DemoTest, AFileOfThatNameIsLeftAlone) {
  small_file();
  for (const char* content : {"ten years of work", ""}) {
    write_file(directory, content);
    expect_error(bare({"demo", "small.safetensors", "--codec", "lz4"}), 5, directory);
    EXPECT_TRUE(std::filesystem::is_regular_file(directory));
  }
}

TEST_F(DemoTest, TheTargetOfALinkOfThatNameIsLeftAlone) {
  small_file();
  std::filesystem::create_directory(dir.file("elsewhere"));
  write_file(dir.file("elsewhere/file"), "mine");
  std::filesystem::create_directory_symlink("elsewhere", directory);
  expect_error(bare({"demo", "small.safetensors", "--codec", "lz4"}), 5, directory);
  EXPECT_EQ(read_file(dir.file("elsewhere/file")), "mine");
}

TEST_F(DemoTest, AFileThatIsNotThereIsNamedAndNothingIsMade) {
  expect_error(bare({"demo", "no-such-file"}), 5, "no-such-file");
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(DemoTest, ACodecThatIsMissingIsNamedAndNothingIsMade) {
  namespace fs = std::filesystem;
  const fs::path library = dir.path() / "lib";  // without plugins beside it
  fs::create_directory(library);
  for (const auto& entry : fs::directory_iterator(CINCH_BUILD_DIR "/lib")) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("libcinch.so")) fs::copy(entry.path(), library / name, fs::copy_options::copy_symlinks);
  }
  if (fs::is_empty(library)) GTEST_SKIP() << "the library is static";
  small_file();
  RunOptions options;
  options.directory = dir.path().string();
  options.environment = {"LD_LIBRARY_PATH=" + library.string()};
  expect_error(run_cinch({"demo", "small.safetensors"}, options), 2, "codec \"lz4\" is not known");
  EXPECT_FALSE(fs::exists(directory));
  EXPECT_EQ(run_cinch({"demo", "small.safetensors", "--codec", "raw"}, options).status, 0);
}

TEST_F(DemoTest, AWorkingDirectoryThatIsGoneIsNamed) {
  for (const std::string arguments : {"demo", "codec list --plugins ."}) {
    EXPECT_NE(shell("(mkdir gone && cd gone && rmdir ../gone && '" + cinch_program() + "' " + arguments + ")"), 0);
    EXPECT_THAT(read_file(dir.file("shell.out")), HasSubstr(": the working directory: No such file or directory"));
  }
}

TEST_F(DemoTest, WorksWhereTheDirectorysNameHasBlanksAndQuotes) {
  const std::string odd = dir.file("it's a dir");
  std::filesystem::create_directory(odd);
  small_file();
  RunOptions options;
  options.directory = odd;
  const Outcome run = run_cinch({"demo", "../small.safetensors", "--codec", "lz4"}, options);
  ASSERT_EQ(run.status, 0) << run.err;
  const Args commands = commands_of(run.out);
  ASSERT_EQ(commands.size(), 3u);
  for (const std::string& command : commands) {
    EXPECT_EQ(shell(command), 0) << command << "\n" << read_file(dir.file("shell.out"));
  }
}

}  // namespace
}  // namespace cinch::test
