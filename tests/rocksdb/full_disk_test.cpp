// A disk that fills up: nothing aborts, what is stored is read, removals work, and writes come back with the space.
//
// Each run is a process with a small file system of its own. CINCH_FULL_DISK_RUNS=N makes it N runs instead of 2.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "tests/rocksdb/rocksdb_test.hpp"
#include "tests/support/long_run.hpp"
#include "tests/support/small_disk.hpp"

namespace cinch::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t value_bytes = 65536;
constexpr std::size_t ballast_bytes = std::size_t{20} << 20;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// One run, in its process. What fails is printed; `failures` counts.
class FullDiskRun {
 public:
  FullDiskRun(fs::path disk, const char* durability, std::uint64_t seed)
      : disk_(std::move(disk)), durability_(durability), random_(seed) {}

  int run() {
    store_ = open().value();
    write_file(ballast(), std::string(ballast_bytes, 'b'));
    fill_until_refused();
    check_reads("when sets are refused");
    remove_some();
    take_the_rest();
    check_reads("when nothing is left");
    check_another_process();
    fs::remove(disk_ / "rest");
    fs::remove(ballast());
    write_again();
    check_reads("after space came back");
    expect_ok(store_->close(), "close");
    store_ = open().value();
    check_reads("after it was opened again");
    expect(store_->stats().lost_writes == 0, "no lost writes");
    expect_ok(store_->close(), "close");
    std::printf(
        "full disk, %s: %d stored, refused after %.3f s at most, removed after %.3f s at most, writes again after %.2f "
        "s, %d failures\n",
        durability_, stored_.load(), max_refusal_, max_removal_, recovery_, failures_.load());
    std::fflush(stdout);
    return failures_ == 0 ? 0 : 1;
  }

 private:
  fs::path ballast() const { return disk_ / "ballast"; }
  static std::string key(int n) { return "k" + std::to_string(n); }

  void expect(bool is_true, const std::string& what) {
    if (is_true) return;
    ++failures_;
    std::printf("not so: %s\n", what.c_str());
  }

  void expect_ok(const Status& status, const std::string& what) {
    expect(status.ok(), what + (status.ok() ? "" : ": " + status.to_string()));
  }

  Result<std::shared_ptr<KvStore>> open(bool read_only = false) const {
    return bundled_backends().open("rocksdb", {{"path", (disk_ / "db").string()},
                                               {"durability", durability_},
                                               {"write_buffer", "8MiB"},
                                               {"read_only", read_only}});
  }

  Status timed_set(const std::string& key, std::string_view value) {
    const Clock::time_point start = Clock::now();
    Status status = store_->set(key, value);
    const std::lock_guard lock(mutex_);
    if (!status.ok()) max_refusal_ = std::max(max_refusal_, seconds_since(start));
    return status;
  }

  void fill_until_refused() {
    std::vector<std::thread> writers;
    for (int first = 0; first < 2; ++first) {
      writers.emplace_back([this, first] {
        for (int n = first; n < 4000; n += 2) {
          const Status status = timed_set(key(n), noise(value_bytes, static_cast<std::uint64_t>(n)));
          if (!status.ok()) {
            expect(status.code() == StatusCode::no_space, "no_space: " + status.to_string());
            return;
          }
          ++stored_;
          const std::lock_guard lock(mutex_);
          keys_.insert(n);
        }
        expect(false, "the disk gets full");
      });
    }
    for (std::thread& writer : writers) writer.join();
  }

  void check_reads(const std::string& when) {
    for (const int n : keys_) {
      const GetResult value = store_->get(key(n));
      const bool is_right = value && *value && (*value)->text() == noise(value_bytes, static_cast<std::uint64_t>(n));
      expect(is_right, key(n) + " is right " + when + (value ? "" : ": " + value.error().to_string()));
      if (!is_right) return;
    }
  }

  void remove_some() {
    for (int i = 0; i < 20; ++i) {
      const auto victim = std::next(keys_.begin(), static_cast<std::ptrdiff_t>(random_() % keys_.size()));
      const double seconds = seconds_until_ok([&] { return store_->remove(key(*victim)); }, "removals work");
      max_removal_ = std::max(max_removal_, seconds);
      keys_.erase(victim);
    }
  }

  /// A compaction may have taken what a write needs, and be about to give it back.
  template <class Write>
  double seconds_until_ok(Write write, const std::string& what) {
    const Clock::time_point start = Clock::now();
    Status status = write();
    while (!status.ok() && seconds_since(start) < 30) {
      std::this_thread::sleep_for(milliseconds(50));
      status = write();
    }
    expect_ok(status, what);
    return seconds_since(start);
  }

  /// Somebody else takes all of the reserve; sets and flushes run into it in parallel.
  void take_the_rest() {
    std::thread writer([this] {
      for (int i = 0; i < 50; ++i) {
        const Status status = timed_set("small", noise(100));
        expect(status.ok() || status.code() == StatusCode::no_space, "no_space: " + status.to_string());
        (void)store_->remove("nothing");
      }
    });
    fill_disk(disk_ / "rest");
    writer.join();
    for (int i = 0; i < 3000; ++i) {
      if (store_->remove("nothing " + noise(4000, random_())).code() == StatusCode::no_space) return;
    }
  }

  /// Whoever only reads needs no space.
  void check_another_process() {
    const Result<std::shared_ptr<KvStore>> reader = open(true);
    expect(reader.has_value(), "a read-only store opens on a full disk: " + reader.status().to_string());
    if (!reader) return;
    for (const int n : keys_) {
      const GetResult value = (*reader)->get(key(n));
      if (value && *value && (*value)->text() == noise(value_bytes, static_cast<std::uint64_t>(n))) continue;
      expect(false, key(n) + " is right in a read-only store");
      return;
    }
  }

  void write_again() {
    recovery_ = seconds_until_ok([&] { return store_->set("again", noise(value_bytes)); }, "writes work again");
    for (int n = 4000; n < 4050; ++n) {
      const std::string value = noise(value_bytes, static_cast<std::uint64_t>(n));
      recovery_ = std::max(recovery_, seconds_until_ok([&] { return store_->set(key(n), value); }, "writes go on"));
      keys_.insert(n);
    }
  }

  const fs::path disk_;
  const char* const durability_;
  std::mt19937_64 random_;
  std::shared_ptr<KvStore> store_;
  std::mutex mutex_;  // of all below while there are threads
  std::set<int> keys_;
  std::atomic<int> stored_{0};
  std::atomic<int> failures_{0};
  double max_refusal_ = 0;
  double max_removal_ = 0;
  double recovery_ = 0;
};

/// It is in the log until it is flushed.
TEST(FullDiskTest, ASetNeedsRoomForItselfTwice) {
  const TempDir disk;
  const std::optional<int> ended = run_on_small_disk(disk.path(), [&] {
    Settings settings{{"path", (disk.path() / "db").string()}};
    std::shared_ptr<KvStore> store = bundled_backends().open("rocksdb", settings).value();
    if (!store->set("small", "v").ok()) return 1;
    if (store->set("big", noise(std::size_t{30} << 20)).code() != StatusCode::no_space) return 2;
    if (!store->close().ok()) return 3;
    store = bundled_backends().open("rocksdb", settings).value();
    return store->remove("small").ok() && store->set("small", "w").ok() ? 0 : 4;
  });
  if (!ended) GTEST_SKIP() << no_small_disk;
  EXPECT_TRUE(WIFEXITED(*ended)) << *ended;
  EXPECT_EQ(WEXITSTATUS(*ended), 0);
}

TEST(FullDiskTest, NothingAbortsAndWritesComeBackWithTheSpace) {
  const std::uint64_t runs = long_run("CINCH_FULL_DISK_RUNS", 2);
  int aborted = 0;
  for (std::uint64_t run = 0; run < runs; ++run) {
    const TempDir dir;
    const std::optional<int> ended = run_on_small_disk(
        dir.path(), [&] { return FullDiskRun(dir.path(), run % 2 == 0 ? "process" : "power", run).run(); });
    if (!ended) GTEST_SKIP() << no_small_disk;
    if (WIFSIGNALED(*ended)) ++aborted;
    EXPECT_TRUE(WIFEXITED(*ended) && WEXITSTATUS(*ended) == 0) << "run " << run << " ended with " << *ended;
  }
  std::printf("full disk: %llu runs, %d aborted\n", static_cast<unsigned long long>(runs), aborted);
}

}  // namespace
}  // namespace cinch::test
