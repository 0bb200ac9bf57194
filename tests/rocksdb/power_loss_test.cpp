// The power fails again and again under a store with durability = power: what it said is stored is there, nothing else
// is, and it opens.
//
// CINCH_POWER_CYCLES=N makes it N power losses instead of 20, CINCH_POWER_SEED=N others than those of seed 1.
#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "backends/rocksdb/rocksdb_kv_store.hpp"
#include "backends/rocksdb/rocksdb_options.hpp"
#include "tests/rocksdb/crash_workload.hpp"
#include "tests/rocksdb/power_loss_fs.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"
#include "tests/support/long_run.hpp"

namespace cinch::test {
namespace {

constexpr std::uint64_t operations_a_cycle = 60;  // of each writer

class PowerLossTest : public RocksDbTest {
 protected:
  struct Counts {
    std::uint64_t acknowledged = 0;
    std::uint64_t started = 0;
  };

  PowerLossTest() {
    std::filesystem::create_directory(path());
    for (unsigned writer = 0; writer < writers_at_once; ++writer) models_.emplace_back(writer);
  }

  Result<std::shared_ptr<KvStore>> open_over(rocksdb::Env& env) const {
    RocksDbOptions options;
    options.path = path();
    options.durability = Durability::power_loss;
    options.write_buffer_bytes = std::uint64_t{1} << 20;
    options.block_cache_bytes = std::uint64_t{1} << 20;
    options.env = &env;
    return RocksDbKvStore::open_with(options);
  }

  /// Opens, checks, writes and closes; the power fails before operation `cut_at` (0: after all of them). `operations`
  /// is set to their number.
  void run_cycle(std::uint64_t cut_at, std::uint64_t seed, std::uint64_t& operations) {
    const auto fs = std::make_shared<PowerLossFs>(path(), cut_at, seed, [this] { note_cut(); });
    const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(fs);
    {
      const Result<std::shared_ptr<KvStore>> store = open_over(*env);
      ASSERT_TRUE(store.has_value()) << "failed open: " << store.status().to_string();
      EXPECT_EQ((*store)->stats().lost_writes, 0u);
      check_content(**store, fs->is_cut());
      if (HasFatalFailure()) return;
      if (!fs->is_cut()) write(**store, *fs);
      ASSERT_TRUE((*store)->close().ok());
    }
    const PowerLossFs::Image left = fs->image();
    operations = fs->operations();
    std::filesystem::remove_all(path());
    std::filesystem::create_directory(path());
    for (const auto& [name, content] : left) write_file(std::filesystem::path(path()) / name, content);
    for (unsigned writer = 0; writer < writers_at_once; ++writer) {  // what was done after the cut was not
      done_[writer] = at_cut_[writer].acknowledged;
      started_[writer] = at_cut_[writer].started;
    }
  }

  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  void write(KvStore& store, const PowerLossFs& fs) {
    std::vector<std::thread> writers;
    for (unsigned writer = 0; writer < writers_at_once; ++writer) {
      writers.emplace_back([&, writer] {
        for (std::uint64_t i = 0; i < operations_a_cycle && !fs.is_cut(); ++i) {
          const std::uint64_t n = started_[writer]++;
          if (Status status = run_crash_operation(store, writer, n); !status.ok()) {
            ADD_FAILURE() << status.to_string();
            return;
          }
          done_[writer] = n + 1;
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
  }

  /// Notes what was acknowledged and what was started before the power failed.
  void note_cut() {
    for (unsigned writer = 0; writer < writers_at_once; ++writer) {
      at_cut_[writer].acknowledged = done_[writer];
      at_cut_[writer].started = started_[writer];
    }
  }

  /// Each writer's keys are as some number of its operations left them, no fewer than were acknowledged.
  void check_content(KvStore& store, bool is_cut) {
    std::size_t keys = 0;
    for (unsigned writer = 0; writer < writers_at_once; ++writer) {
      const auto content = read_content(store, writer);
      ASSERT_TRUE(content.has_value()) << content.status().to_string();
      keys += content->size();
      CrashModel& model = models_[writer];
      acknowledged_ += at_cut_[writer].acknowledged - model.operations();
      while (model.operations() < at_cut_[writer].acknowledged) model.apply_next();
      std::string why;
      CrashModel found = model;
      while (!matches(*content, found, why) && found.operations() < at_cut_[writer].started) found.apply_next();
      ASSERT_TRUE(matches(*content, found, why))
          << "writer " << writer << ": of " << at_cut_[writer].acknowledged << " acknowledged operations and "
          << at_cut_[writer].started << " begun ones not " << found.operations() << ": " << why;
      if (is_cut) continue;  // the power failed during this opening, the next may find less
      model = found;
      started_[writer] = done_[writer] = model.operations();
    }
    const Result<KeyPage> all = store.scan("", std::nullopt, 10000);
    ASSERT_TRUE(all.has_value()) << all.status().to_string();
    EXPECT_EQ(all->keys.size(), keys) << "there are keys that nobody set";
  }

  std::vector<CrashModel> models_;
  std::array<std::atomic<std::uint64_t>, writers_at_once> done_{};
  std::array<std::atomic<std::uint64_t>, writers_at_once> started_{};
  std::array<Counts, writers_at_once> at_cut_{};
  std::uint64_t acknowledged_ = 0;
};

TEST_F(PowerLossTest, LosesNoAcknowledgedWriteAndOpens) {
  const std::uint64_t cycles = long_run("CINCH_POWER_CYCLES", 20);
  const std::uint64_t first_seed = long_run("CINCH_POWER_SEED", 1);
  std::mt19937_64 random(first_seed);
  std::uint64_t operations = 0;
  run_cycle(0, first_seed, operations);  // counts them
  for (std::uint64_t cycle = 0; cycle < cycles; ++cycle) {
    // One in four early, while it opens; one in eight after it was closed.
    const std::uint64_t kind = cycle % 8;
    const std::uint64_t cut_at = kind == 7 ? 0 : 1 + random() % (kind % 4 == 1 ? 60 : operations);
    SCOPED_TRACE("cycle " + std::to_string(cycle) + " of seed " + std::to_string(first_seed) +
                 ", cut before operation " + std::to_string(cut_at));
    std::uint64_t passed = 0;
    run_cycle(cut_at, random(), passed);
    if (HasFailure()) return;
  }
  std::printf("power: %llu cycles, %llu acknowledged, 0 lost, 0 wrong, 0 failed opens\n",
              static_cast<unsigned long long>(cycles), static_cast<unsigned long long>(acknowledged()));
}

}  // namespace
}  // namespace cinch::test
