// Every way of ending a process that holds an open store: no crash, no hang, the exit code that was asked for, and what
// was acknowledged is there afterwards.
//
// CINCH_EXIT_ROUNDS=N makes it N exits of each kind instead of 1.
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "cinch/store_config.hpp"
#include "tests/rocksdb/exiting.hpp"
#include "tests/rocksdb/rocksdb_test.hpp"
#include "tests/support/long_run.hpp"

extern char** environ;

namespace cinch::test {
namespace {

class ExitTest : public RocksDbTest {
 protected:
  static void run(const std::string& path, const char* holder, const char* thread, const char* way) {
    std::array<std::string, 5> words{CINCH_EXITING, path, holder, thread, way};
    std::array<char*, 6> arguments{};
    for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
    pid_t child = 0;
    ASSERT_EQ(posix_spawn(&child, CINCH_EXITING, nullptr, nullptr, arguments.data(), environ), 0);
    int ended = 0;
    ASSERT_EQ(waitpid(child, &ended, 0), child);
    EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == exiting_code) << "ended with " << ended;
  }

  static void expect_values(const std::string& path) {
    const auto store = open_store(StoreConfig::from_url("rocksdb:" + path).value());
    ASSERT_TRUE(store.has_value()) << store.status().to_string();
    EXPECT_EQ((*store)->stats().lost_writes, 0u);
    for (int n = 0; n < exiting_values; ++n) {
      const auto value = (*store)->get(exiting_key(n));
      EXPECT_TRUE(value && *value && (*value)->text() == exiting_value(n)) << exiting_key(n);
    }
  }
};

TEST_F(ExitTest, HasItsCodeAndKeepsWhatWasAcknowledged) {
  const std::uint64_t rounds = long_run("CINCH_EXIT_ROUNDS", 1);
  std::uint64_t exits = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (const char* const backend : {"memory", "rocksdb"}) {
      for (const char* const holder : {"local", "static", "leaked"}) {
        for (const char* const thread : {"none", "working", "opening"}) {
          for (const char* const way : {"return", "exit", "_exit", "quick_exit"}) {
            SCOPED_TRACE(std::string(backend) + ", " + holder + ", " + thread + ", " + way);
            const std::string path = backend == std::string_view("rocksdb") ? parent() / std::to_string(++exits) : "";
            run(path, holder, thread, way);
            if (!path.empty()) expect_values(path);
          }
        }
      }
    }
  }
  std::printf("exits with an open rocksdb store: %llu\n", static_cast<unsigned long long>(exits));
}

}  // namespace
}  // namespace cinch::test
