// Opening and closing again and again, with plugins, threads and values: memory, descriptors and threads stay as they
// are.
//
// CINCH_CYCLES=N makes it N cycles of each backend instead of 1,000 in memory and 100 on disk.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "cinch/buffer_pool.hpp"
#include "cinch/store_config.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"
#include "tests/support/long_run.hpp"

namespace cinch::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool has_own_memory = false;  // the sanitizer's: it keeps what was freed, and looks for leaks itself
#else
constexpr bool has_own_memory = true;
#endif

constexpr std::uint64_t max_bytes_a_cycle = 1024;
constexpr std::uint64_t kept_bytes = std::uint64_t{512} << 10;    // what is made once, after the first cycles
constexpr std::uint64_t resident_bytes = std::uint64_t{8} << 20;  // what malloc may keep of pages

struct Usage {
  std::uint64_t descriptors = 0;
  std::uint64_t threads = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t heap_bytes = 0;
};

std::uint64_t entries(const char* directory) {
  const std::filesystem::directory_iterator all(directory);
  return static_cast<std::uint64_t>(std::distance(begin(all), end(all)));
}

Usage usage() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t virtual_pages = 0;
  std::uint64_t resident_pages = 0;
  statm >> virtual_pages >> resident_pages;
  const struct mallinfo2 heap = mallinfo2();
  return {entries("/proc/self/fd"), entries("/proc/self/task"),
          resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)), heap.uordblks + heap.hblkhd};
}

class CyclesTest : public RocksDbTest {
 protected:
  static void cycle(const StoreConfig& config, std::uint64_t n, const std::string& value) {
    const Result<std::shared_ptr<CompressedKvStore>> store = open_store(config);
    ASSERT_TRUE(store.has_value()) << store.status().to_string();
    const std::string key = "k" + std::to_string(n % 10);
    ASSERT_TRUE((*store)->set(key, value).ok());
    const auto read = (*store)->get(key);
    ASSERT_TRUE(read && *read && (*read)->text() == value);
    if (n % 2 != 0) {  // otherwise the destructor closes
      ASSERT_TRUE((*store)->close().ok());
    }
  }

  static void run(StoreConfig config, std::uint64_t cycles) {
    config.codec = "zstd";
    config.threads = 3;
    config.compressed.block_bytes = 16 << 10;
    const std::string value = noise(100000) + std::string(100000, 'v');
    const std::uint64_t warm_up = cycles / 4;
    limit_pooled(0);  // a compaction of many files leaves as many buffers for the next one
    Usage before;
    for (std::uint64_t n = 0; n < cycles; ++n) {
      if (n == warm_up) before = usage();
      cycle(config, n, value);
      if (HasFatalFailure()) return;
    }
    const Usage after = usage();
    std::printf(
        "%s, after %lu and %lu cycles: %lu and %lu descriptors, %lu and %lu threads, %lu and %lu KiB resident, "
        "%lu and %lu KiB of heap\n",
        config.backend.c_str(), warm_up, cycles, before.descriptors, after.descriptors, before.threads, after.threads,
        before.resident_bytes >> 10, after.resident_bytes >> 10, before.heap_bytes >> 10, after.heap_bytes >> 10);
    EXPECT_EQ(after.descriptors, before.descriptors);
    EXPECT_LE(after.threads, before.threads);
    if (!has_own_memory) return;
    const std::uint64_t max_growth = (cycles - warm_up) * max_bytes_a_cycle;
    EXPECT_LE(after.heap_bytes, before.heap_bytes + max_growth + kept_bytes);
    EXPECT_LE(after.resident_bytes, before.resident_bytes + max_growth + resident_bytes);
  }
};

TEST_F(CyclesTest, OfAStoreInMemoryLeaveNothingBehind) { run({}, long_run("CINCH_CYCLES", 1000)); }

TEST_F(CyclesTest, OfAStoreOnDiskLeaveNothingBehind) {
  run(StoreConfig::from_url("rocksdb:" + path()).value(), long_run("CINCH_CYCLES", 100));
}

}  // namespace
}  // namespace cinch::test
