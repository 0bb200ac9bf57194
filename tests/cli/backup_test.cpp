// backup, restore.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "cinch/store_config.hpp"
#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

class BackupTest : public CliTest {
 protected:
  std::string backup = dir.file("backup");
  std::string restored = "rocksdb:" + dir.file("restored");
  std::string unfinished = dir.file("restored.restoring");  // where restore works

  void back_up_a_value() {
    put("k", "v");
    ASSERT_EQ(cinch({"backup", backup}).status, 0);
  }
  /// As a restore does that is at work, or was killed.
  void begin_to_restore() {
    std::filesystem::create_directory(unfinished);
    write_file(unfinished + "/CURRENT", "half of it");
  }

  Outcome at_restored(Args arguments) const {
    arguments.insert(arguments.begin(), {"--store", restored});
    return bare(arguments);
  }
};

TEST_F(BackupTest, ARestoredBackupHasEverythingAsItWas) {
  const std::string large(500000, 'l');
  put("small", "v");
  put("large", large);
  ASSERT_EQ(cinch({"backup", backup}).status, 0);
  put("small", "changed since");
  ASSERT_EQ(cinch({"del", "large"}).status, 0);
  ASSERT_EQ(at_restored({"restore", backup}).status, 0);
  EXPECT_EQ(at_restored({"get", "small"}).out, "v");
  EXPECT_EQ(at_restored({"get", "large"}).out, large);
  EXPECT_EQ(at_restored({"verify", "--json"}).json()["ok"], 2);
}

TEST_F(BackupTest, ABackupIsAStoreOfItsOwnAndOutlivesTheFirst) {
  put("k", std::string(100000, 'k'));
  const Json report = cinch({"backup", backup, "--json"}).json();
  EXPECT_EQ(report["directory"], backup);
  EXPECT_GT(report["bytes"], 0);
  std::filesystem::remove_all(store);
  EXPECT_EQ(bare({"--store", "rocksdb:" + backup, "get", "k"}).out, std::string(100000, 'k'));
}

TEST_F(BackupTest, WhoMayReadAndWriteABackupMayReadAndWriteWhatIsRestored) {
  namespace fs = std::filesystem;
  back_up_a_value();
  constexpr fs::perms shared = fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                               fs::perms::group_write | fs::perms::others_read;
  fs::permissions(backup + "/CURRENT", shared);
  ASSERT_EQ(at_restored({"restore", backup}).status, 0);
  EXPECT_EQ(fs::status(dir.file("restored/CURRENT")).permissions(), shared);
}

TEST_F(BackupTest, WhatIsRestoredIsAsPrivateAsTheBackup) {
  namespace fs = std::filesystem;
  back_up_a_value();
  begin_to_restore();
  fs::permissions(unfinished, fs::perms::owner_all | fs::perms::others_read);
  fs::permissions(backup, fs::perms::owner_all);
  ASSERT_EQ(at_restored({"restore", backup}).status, 0);
  EXPECT_EQ(fs::status(dir.file("restored")).permissions(), fs::perms::owner_all);
}

TEST_F(BackupTest, AnEmptyDirectoryThatIsRestoredToKeepsItsMode) {
  namespace fs = std::filesystem;
  back_up_a_value();
  fs::create_directory(dir.file("restored"));
  const fs::perms chosen = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec;
  fs::permissions(dir.file("restored"), chosen);
  ASSERT_EQ(at_restored({"restore", backup}).status, 0);
  EXPECT_EQ(fs::status(dir.file("restored")).permissions(), chosen);
}

TEST_F(BackupTest, WritesToARestoredStoreLeaveTheBackupAlone) {
  back_up_a_value();
  ASSERT_EQ(at_restored({"restore", backup}).status, 0);
  ASSERT_EQ(at_restored({"del", "k"}).status, 0);
  EXPECT_EQ(bare({"--store", "rocksdb:" + backup, "get", "k"}).out, "v");
}

TEST_F(BackupTest, NothingThatIsThereIsOverwritten) {
  back_up_a_value();
  expect_error(cinch({"backup", backup}), 2, "is there already");
  expect_error(cinch({"restore", backup}), 2, "is there already");
  EXPECT_EQ(cinch({"get", "k"}).out, "v");
}

TEST_F(BackupTest, ABackupInTheStoreItselfIsRefused) {
  put("k", "v");
  std::filesystem::create_symlink(store, dir.file("link"));
  for (const std::string& inside : {store + "/inside", store + "/inside/", std::string("link/inside")}) {
    expect_error(cinch({"backup", inside}), 2, inside + ": lies in ");
    EXPECT_FALSE(std::filesystem::exists(store + "/inside"));
  }
  EXPECT_EQ(cinch({"backup", store + "-beside"}).status, 0);
}

TEST_F(BackupTest, AStoreIsNotRestoredIntoItsBackup) {
  back_up_a_value();
  restored = "rocksdb:" + backup + "/inside";
  expect_error(at_restored({"restore", backup}), 2, "/inside: lies in ");
  EXPECT_FALSE(std::filesystem::exists(backup + "/inside"));
}

TEST_F(BackupTest, AStoreIsRestoredWhereverItsPathLeads) {
  back_up_a_value();
  std::filesystem::create_directory(dir.file("empty"));
  std::filesystem::create_directory(dir.file("behind"));
  std::filesystem::create_symlink(dir.file("behind"), dir.file("link"));
  for (const std::string path : {"new/", "empty/", "link"}) {
    restored = "rocksdb:" + dir.file(path);
    const Outcome run = at_restored({"restore", backup});
    EXPECT_EQ(run.status, 0) << path << ": " << run.err;
    EXPECT_EQ(at_restored({"get", "k"}).out, "v") << path;
  }
  EXPECT_TRUE(std::filesystem::is_symlink(dir.file("link")));
}

TEST_F(BackupTest, AStoreIsRestoredWhereALinkLeadsThatLeadsToNothingYet) {
  back_up_a_value();
  std::filesystem::create_symlink("not there yet", dir.file("restored"));
  const Outcome run = at_restored({"restore", backup});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_TRUE(std::filesystem::is_symlink(dir.file("restored")));
  EXPECT_EQ(bare({"--store", "rocksdb:not there yet", "get", "k"}).out, "v");
}

TEST_F(BackupTest, WhatLiesWhereRestoreWorksIsLeftAlone) {
  back_up_a_value();
  begin_to_restore();
  write_file(unfinished + "/notes", "mine");
  expect_error(at_restored({"restore", backup}), 2, "/notes: is in the way");
  EXPECT_EQ(read_file(unfinished + "/notes"), "mine");
  std::filesystem::remove(unfinished + "/notes");
  EXPECT_EQ(at_restored({"restore", backup}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(unfinished));
}

TEST_F(BackupTest, AFileWhereRestoreWorksIsLeftAlone) {
  back_up_a_value();
  write_file(unfinished, "mine");
  expect_error(at_restored({"restore", backup}), 2, "restored.restoring: is in the way");
  EXPECT_EQ(read_file(unfinished), "mine");
}

TEST_F(BackupTest, AnotherRestoreThatIsAtWorkIsLeftAlone) {
  back_up_a_value();
  begin_to_restore();
  const int held = ::open(unfinished.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(flock(held, LOCK_EX | LOCK_NB), 0);
  expect_error(at_restored({"restore", backup}), 5, "another restore writes there");
  EXPECT_EQ(read_file(unfinished + "/CURRENT"), "half of it");
  ::close(held);
  EXPECT_EQ(at_restored({"restore", backup}).status, 0);
  EXPECT_EQ(at_restored({"get", "k"}).out, "v");
}

TEST_F(BackupTest, AStoreThatSomebodyWritesToIsNotRestored) {
  const auto held = open_store(*StoreConfig::from_url(url));
  ASSERT_TRUE(held) << held.status().to_string();
  ASSERT_TRUE((*held)->set("k", "v").ok());
  expect_error(
      at_restored({"restore", store}), 5,
      "has it open for writing; restore it once that process has closed it, or a backup that the process makes");
  EXPECT_FALSE(std::filesystem::exists(dir.file("restored")));
  ASSERT_TRUE((*held)->close().ok());
  EXPECT_EQ(at_restored({"restore", store}).status, 0);
  EXPECT_EQ(at_restored({"get", "k"}).out, "v");
}

TEST_F(BackupTest, WhatIsNoBackupIsNotRestored) {
  std::filesystem::create_directory(backup);
  write_file(backup + "/file", "text");
  EXPECT_EQ(at_restored({"restore", backup}).status, 2);
  EXPECT_EQ(at_restored({"restore", dir.file("nowhere")}).status, 2);
  EXPECT_FALSE(std::filesystem::exists(dir.file("restored")));
}

TEST_F(BackupTest, AStoreThatIsNotThereIsNotMadeForABackup) {
  EXPECT_EQ(cinch({"backup", backup}).status, 2);
  EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(BackupTest, AStoreInMemoryHasNone) {
  expect_error(bare({"--store", "memory:", "backup", backup}), 2, "cannot make a copy");
  expect_error(bare({"--store", "memory:", "restore", backup}), 2, "cannot be restored");
}

}  // namespace
}  // namespace cinch::test
