// A process that writes is killed again and again: what it was told is stored is there, and nothing is half there.
//
// The writer is this program itself, run anew with arguments; it tells in shared memory how far each of its threads is.
// CINCH_CRASH_ROUNDS=N makes it N kills instead of 100, CINCH_CRASH_SEED=N kills at other moments.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <thread>

#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/rocksdb/crash_workload.hpp"
#include "tests/support/long_run.hpp"
#include "tests/support/temp_dir.hpp"

namespace cinch::test {
namespace {

using std::chrono::milliseconds;

CrashProgress* map_progress(const char* file) {
  const int descriptor = ::open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0 || ftruncate(descriptor, sizeof(CrashProgress)) != 0) return nullptr;
  void* const memory = mmap(nullptr, sizeof(CrashProgress), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  return memory == MAP_FAILED ? nullptr : static_cast<CrashProgress*>(memory);
}

/// Memtables are small, so that kills also come in the middle of flushes and compactions.
Result<std::shared_ptr<KvStore>> open_database(const std::string& path, bool read_only = false) {
  return bundled_backends().open(
      "rocksdb", {{"path", path}, {"durability", "process"}, {"write_buffer", "1MiB"}, {"read_only", read_only}});
}

std::shared_ptr<KvStore> compressed(std::shared_ptr<KvStore> inner) {
  return std::make_shared<CompressedKvStore>(std::move(inner), default_registry().codec("zstd").value());
}

bool is_compressed(unsigned writer) { return writer >= writers_at_once; }

[[noreturn]] void fail(CrashProgress& progress, const Status& status) {
  std::snprintf(progress.message, sizeof progress.message, "%s", status.to_string().c_str());
  progress.failed = 1;
  _exit(3);
}

/// The killed process: writes until it is killed.
int write_until_killed(const char* database, const char* progress_file, unsigned first_writer) {
  CrashProgress* const progress = map_progress(progress_file);
  if (!progress) return 2;
  alarm(120);  // should nobody kill it
  Result<std::shared_ptr<KvStore>> opened = open_database(database);
  if (!opened) fail(*progress, opened.error());
  const std::shared_ptr<KvStore> store = is_compressed(first_writer) ? compressed(*opened) : *opened;
  std::vector<std::thread> writers;
  for (unsigned writer = first_writer; writer < first_writer + writers_at_once; ++writer) {
    writers.emplace_back([&, writer] {
      std::atomic<std::uint64_t>& acknowledged = progress->writers[writer].acknowledged;
      for (std::uint64_t n = acknowledged;; ++n) {
        if (Status status = run_crash_operation(*store, writer, n); !status.ok()) fail(*progress, status);
        acknowledged.store(n + 1);
      }
    });
  }
  progress->is_open = 1;
  for (std::thread& writer : writers) writer.join();
  return 0;
}

class CrashTest : public testing::Test {
 protected:
  CrashTest() : progress_(map_progress(dir_.file("progress").c_str())) {
    for (unsigned writer = 0; writer < crash_writers; ++writer) models_.emplace_back(writer);
  }
  ~CrashTest() override {
    kill_writer();
    munmap(progress_, sizeof(CrashProgress));
  }

  std::string database() const { return dir_.file("db"); }

  void start_writer(unsigned first_writer) {
    progress_->is_open = 0;
    const std::string progress = dir_.file("progress");
    const std::string first = std::to_string(first_writer);
    const std::string path = database();
    child_ = fork();
    if (child_ != 0) return;
    execl("/proc/self/exe", "rocksdb_crash_test", "--write", path.c_str(), progress.c_str(), first.c_str(), nullptr);
    _exit(4);
  }

  void kill_writer() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = 0;
  }

  std::uint64_t acknowledged() const {
    std::uint64_t sum = 0;
    for (const CrashProgress::Writer& writer : progress_->writers) sum += writer.acknowledged;
    return sum;
  }

  /// Waits for so many more acknowledged operations; false when the writer fails or nothing happens for a minute.
  bool wait_for_operations(std::uint64_t more) const {
    const std::uint64_t wanted = acknowledged() + more;
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (acknowledged() < wanted) {
      if (progress_->failed || std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  /// Everything acknowledged is there; of the one operation of each writer that may have been under way, all or none.
  /// The models then tell what is there, and the next round goes on after it.
  void check_content(KvStore& bare) {
    const std::shared_ptr<KvStore> decoding = compressed(std::shared_ptr<KvStore>(&bare, [](KvStore*) {}));
    std::size_t keys = 0;
    for (CrashModel& model : models_) {
      const auto writer = static_cast<unsigned>(&model - models_.data());
      const auto content = read_content(is_compressed(writer) ? *decoding : bare, writer);
      ASSERT_TRUE(content.has_value()) << content.status().to_string();
      keys += content->size();
      std::atomic<std::uint64_t>& next = progress_->writers[writer].acknowledged;
      while (model.operations() < next) model.apply_next();
      CrashModel with_one_more = model;
      with_one_more.apply_next();
      std::string why_not_old;
      std::string why_not_new;
      if (matches(*content, model, why_not_old)) continue;
      ASSERT_TRUE(matches(*content, with_one_more, why_not_new))
          << "writer " << writer << ": after " << next << " acknowledged operations " << why_not_old
          << "; after one more " << why_not_new;
      model = with_one_more;
      next = model.operations();
    }
    const Result<KeyPage> all = bare.scan("", std::nullopt, 10000);
    ASSERT_TRUE(all.has_value()) << all.status().to_string();
    EXPECT_EQ(all->keys.size(), keys) << "there are keys that nobody set";
  }

  void reopen_and_check() {
    const Result<std::shared_ptr<KvStore>> store = open_database(database());
    ASSERT_TRUE(store.has_value()) << "failed open: " << store.status().to_string();
    EXPECT_EQ((*store)->stats().lost_writes, 0u);
    check_content(**store);
  }

  TempDir dir_;
  CrashProgress* const progress_;
  pid_t child_ = 0;
  std::vector<CrashModel> models_;
};

TEST_F(CrashTest, KillsLoseNoAcknowledgedWriteAndLeaveNoHalfOne) {
  const std::uint64_t rounds = long_run("CINCH_CRASH_ROUNDS", 100);
  const std::uint64_t seed = long_run("CINCH_CRASH_SEED", 20240611);
  std::mt19937_64 random(seed);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const milliseconds delay(20 + random() % 281);
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round) + ", killed after " +
                 std::to_string(delay.count()) + " ms");
    start_writer(round % 2 == 0 ? 0 : writers_at_once);
    if (round % 5 == 4) {  // while the database is being opened
      std::this_thread::sleep_for(delay / 8);
    } else {
      ASSERT_TRUE(wait_for_operations(1)) << progress_->message;
      std::this_thread::sleep_for(delay);
    }
    kill_writer();
    ASSERT_FALSE(progress_->failed) << progress_->message;
    reopen_and_check();
    if (HasFailure()) return;
  }
  EXPECT_GE(acknowledged(), rounds);
  std::printf("process: %llu kills, %llu acknowledged operations, 0 lost, 0 wrong, 0 failed opens\n",
              static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(acknowledged()));
}

TEST_F(CrashTest, AReadOnlyStoreAfterAKillFindsTheSame) {
  start_writer(0);
  ASSERT_TRUE(wait_for_operations(500)) << progress_->message;
  kill_writer();
  const Result<std::shared_ptr<KvStore>> store = open_database(database(), true);
  ASSERT_TRUE(store.has_value()) << store.status().to_string();
  check_content(**store);
}

TEST_F(CrashTest, AnotherProcessIsLockedOutAndTheFirstOneUnharmed) {
  start_writer(0);
  ASSERT_TRUE(wait_for_operations(50)) << progress_->message;
  const Status status = open_database(database()).status();
  EXPECT_EQ(status.code(), StatusCode::locked) << status.to_string();
  EXPECT_TRUE(wait_for_operations(200)) << progress_->message;
  kill_writer();
  reopen_and_check();  // a dead owner locks nobody out
}

TEST_F(CrashTest, StampsAreNotGivenTwiceOverAKill) {
  start_writer(0);
  ASSERT_TRUE(wait_for_operations(500)) << progress_->message;
  kill_writer();
  const std::shared_ptr<KvStore> store = open_database(database()).value();
  std::uint64_t latest = 0;
  ASSERT_TRUE(for_each_key(*store, "", [&](const std::string& key) {
                latest = std::max(latest, store->head(key, 0).value()->stamp);
                return Status();
              }).ok());
  ASSERT_GT(latest, 0u);
  ASSERT_TRUE(store->set("new", "v").ok());
  EXPECT_GT(store->head("new", 0).value()->stamp, latest);
}

}  // namespace
}  // namespace cinch::test

int main(int argc, char** argv) {
  if (argc == 5 && std::strcmp(argv[1], "--write") == 0) {
    return cinch::test::write_until_killed(argv[2], argv[3], static_cast<unsigned>(std::atoi(argv[4])));
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
