// Ctrl-C at every moment of a command: each command is run again and again, interrupted later each time, until it
// finishes. Whatever the moment, each value in the store is the old one or the new one.
#include <functional>

#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;

constexpr int values = 12;

class InterruptTest : public CliTest {
 protected:
  /// Runs `command` with SIGINT after 5 ms, 10 ms, 20 ms, …; calls `look` after each run, and ends with the run that
  /// was not interrupted.
  void sweep(const Args& command, const std::function<void()>& look) const {
    int interrupted = 0;
    for (double seconds = 0.005;; seconds *= 2) {
      ASSERT_LT(seconds, 120) << "never came to its end";
      const Outcome run = interrupted_after(seconds, command);
      ASSERT_THAT(run.status, AnyOf(0, 130)) << seconds << run.err;
      look();
      if (HasFailure()) FAIL() << "after " << seconds << " s";
      if (run.status == 0) break;
      ++interrupted;
    }
    EXPECT_GT(interrupted, 0);
  }

  std::string value(int i) const { return std::string(60'000, 'v') + std::to_string(i); }

  void put_values() const {
    for (int i = 0; i < values; ++i) put("k" + std::to_string(i), value(i), {"--codec", "lz4"});
  }

  void expect_values(const std::string& at) const {
    EXPECT_EQ(bare({"--store", at, "verify", "--json"}).json()["ok"], values);
    for (int i = 0; i < values; i += 5) {
      EXPECT_EQ(bare({"--store", at, "get", "k" + std::to_string(i)}).out, value(i));
    }
  }

  void expect_nothing_left_over(const std::string& name) const {
    for (const fs::directory_entry& entry : fs::directory_iterator(dir.path())) {
      const std::string file = entry.path().filename();
      EXPECT_FALSE(file != name && (file.starts_with(name) || file.starts_with(".cinch-"))) << file;
    }
  }
};

TEST_F(InterruptTest, RecompressLeavesEveryValue) {
  put_values();
  sweep({"--store", url, "recompress", "--codec", "zstd:level=22"}, [&] { expect_values(url); });
  EXPECT_EQ(cinch({"stat", "--json"}).json()["formats"]["zstd"]["values"], values);
}

TEST_F(InterruptTest, CopyLeavesWholeValuesInTheOther) {
  put_values();
  const std::string other = "rocksdb:" + dir.file("other");
  sweep({"--store", url, "copy", "--to", other}, [&] {
    expect_values(url);
    const Outcome found = bare({"--store", other, "verify", "--json"});
    if (found.status == 2) return;  // the other was not there yet
    EXPECT_EQ(found.json()["ok"], found.json()["values"]);
  });
  expect_values(other);
}

TEST_F(InterruptTest, ImportCanBeRepeated) {
  put("other", "v");
  sweep({"--store", url, "import", sample_path, "--prefix", "p/", "--codec", "zstd:level=15"}, [&] {
    const Json found = cinch({"verify", "--json"}).json();
    EXPECT_EQ(found["ok"], found["values"]);
    EXPECT_EQ(cinch({"get", "other"}).out, "v");
    const Outcome exported = cinch({"export", "out", "--prefix", "p/"});
    EXPECT_THAT(exported.status, AnyOf(0, 1, 5)) << exported.err;  // 1: interrupted before it began
    if (exported.status == 0) {
      EXPECT_EQ(read_file(dir.file("out")), read_file(sample_path)) << "half of it";
    }
  });
  ASSERT_EQ(cinch({"export", "out", "--prefix", "p/"}).status, 0);
  EXPECT_EQ(read_file(dir.file("out")), read_file(sample_path));
}

TEST_F(InterruptTest, ExportMakesAWholeFileOrNone) {
  ASSERT_EQ(cinch({"import", sample_path, "--codec", "zstd:level=19"}).status, 0);
  sweep({"--store", url, "export", "out"}, [&] {
    expect_nothing_left_over("out");
    if (!fs::exists(dir.file("out"))) return;
    EXPECT_EQ(read_file(dir.file("out")), read_file(sample_path));
    fs::remove(dir.file("out"));
  });
}

TEST_F(InterruptTest, RestoreMakesAWholeStoreOrNone) {
  put_values();
  ASSERT_EQ(cinch({"backup", "backup"}).status, 0);
  const std::string restored = "rocksdb:" + dir.file("restored");
  sweep({"--store", restored, "restore", "backup"}, [&] {
    expect_nothing_left_over("restored");
    if (!fs::exists(dir.file("restored"))) return;
    expect_values(restored);
    fs::remove_all(dir.file("restored"));
  });
}

TEST_F(InterruptTest, PutAndDelAreDoneOrNot) {
  put("k", "before");
  write_file(dir.file("file"), std::string(3'000'000, 'a'));
  sweep({"--store", url, "put", "k", "file", "--codec", "zstd:level=19"}, [&] {
    EXPECT_THAT(cinch({"get", "k"}).out, AnyOf("before", read_file(dir.file("file"))));
  });
  sweep({"--store", url, "del", "k"}, [&] { EXPECT_EQ(cinch({"verify"}).status, 0); });
  EXPECT_EQ(cinch({"exists", "k"}).status, 1);
}

}  // namespace
}  // namespace cinch::test
