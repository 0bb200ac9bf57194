// Commands as new processes on a disk of their own: on a full one those that only read need no space, and others say
// that it lacks; one that is mounted is not replaced.
#include <sys/mount.h>
#include <sys/wait.h>

#include <functional>
#include <optional>

#include "tests/cli/run_cinch.hpp"
#include "tests/support/small_disk.hpp"

namespace cinch::test {
namespace {

using testing::HasSubstr;

class FullDiskToolTest : public CliTest {
 protected:
  void expect_out(const Args& arguments, const std::string& text) const {
    const Outcome run = cinch(arguments);
    EXPECT_EQ(run.status, 0) << arguments[0] << ": " << run.err;
    EXPECT_THAT(run.out, HasSubstr(text)) << arguments[0];
  }

  void check() const {
    const std::string large(200000, 'v');
    put("small", "value");
    put("large", large);
    put("removed", large);
    EXPECT_EQ(cinch({"del", "removed"}).status, 0);
    fill_disk(dir.path() / "rest");

    const Outcome refused = cinch({"put", "more", "-"}, large);
    EXPECT_NE(refused.status, 0);
    EXPECT_THAT(refused.err, HasSubstr("No space left"));
    expect_out({"get", "small"}, "value");
    EXPECT_EQ(cinch({"get", "large"}).out, large);
    expect_out({"ls"}, "large");
    expect_out({"stat", "large"}, "200000");
    expect_out({"verify"}, "2");
  }

  /// The test is skipped where there is no such disk.
  void on_small_disk(const std::function<void()>& check_there) const {
    const std::optional<int> ended = run_on_small_disk(dir.path(), [&] {
      check_there();
      return HasFailure() ? 1 : 0;
    });
    if (!ended) GTEST_SKIP() << no_small_disk;
    EXPECT_TRUE(WIFEXITED(*ended) && WEXITSTATUS(*ended) == 0) << *ended;
  }

  /// There is room to begin.
  void check_restore() const {
    put("large", std::string(std::size_t{8} << 20, 'v'), {"--codec", "raw"});
    EXPECT_EQ(cinch({"backup", "backup"}).status, 0);
    write_file(dir.file("to spare"), std::string(std::size_t{1} << 20, 's'));
    fill_disk(dir.path() / "rest");
    std::filesystem::remove(dir.path() / "to spare");

    const std::string restored = dir.file("restored");
    const Outcome run = bare({"--store", "rocksdb:" + restored, "restore", "backup"});
    EXPECT_EQ(run.status, 5);
    EXPECT_THAT(run.err,
                testing::MatchesRegex("cinch: " + restored + "[^\n]*: cannot be written: No space left[^\n]*\n"));
    EXPECT_FALSE(std::filesystem::exists(restored));
    EXPECT_FALSE(std::filesystem::exists(restored + ".restoring"));
  }

  void check_restore_to_a_mount() const {
    put("k", "v");
    EXPECT_EQ(cinch({"backup", "backup"}).status, 0);
    std::filesystem::create_directory(dir.file("mounted"));
    EXPECT_EQ(mount("tmpfs", dir.file("mounted").c_str(), "tmpfs", 0, "size=8m"), 0);
    expect_error(bare({"--store", "rocksdb:mounted", "restore", "backup"}), 2, "/mounted: is a mount point");
    EXPECT_FALSE(std::filesystem::exists(dir.file("mounted.restoring")));
    EXPECT_EQ(bare({"--store", "rocksdb:mounted/store", "restore", "backup"}).status, 0);
    EXPECT_EQ(bare({"--store", "rocksdb:mounted/store", "get", "k"}).out, "v");
  }
};

TEST_F(FullDiskToolTest, CommandsThatOnlyReadNeedNoSpace) {
  on_small_disk([this] { check(); });
}

TEST_F(FullDiskToolTest, ARestoreThatFindsNoSpaceSaysSoOfWhereItWrites) {
  on_small_disk([this] { check_restore(); });
}

TEST_F(FullDiskToolTest, ARestoreThatWouldReplaceAMountPointSaysSoBeforeItCopies) {
  on_small_disk([this] { check_restore_to_a_mount(); });
}

}  // namespace
}  // namespace cinch::test
