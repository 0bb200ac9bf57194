// What an open store takes from its process and gives back: descriptors, threads, memory that values pin; and forks.
#include <sys/wait.h>
#include <unistd.h>

#include "tests/rocksdb/rocksdb_test.hpp"

namespace cinch::test {
namespace {

class RocksDbLifecycleTest : public RocksDbTest {
 protected:
  static std::size_t entries(const char* directory) {
    const std::filesystem::directory_iterator all(directory);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  /// Runs `work` in a forked child; true when it came back with true.
  template <class Work>
  static bool is_true_in_child(Work&& work) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(30);  // a call that hangs ends the child
      _exit(work() ? 0 : 1);
    }
    int ended = 0;
    return waitpid(child, &ended, 0) == child && WIFEXITED(ended) && WEXITSTATUS(ended) == 0;
  }
};

TEST_F(RocksDbLifecycleTest, AFailedOpeningLeavesDescriptorsAndThreadsAsTheyWere) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_FALSE(try_open().has_value());
  const std::size_t descriptors = entries("/proc/self/fd");
  const std::size_t threads = entries("/proc/self/task");
  for (int i = 0; i < 50; ++i) ASSERT_EQ(try_open().status().code(), StatusCode::locked);
  EXPECT_EQ(entries("/proc/self/fd"), descriptors);
  EXPECT_EQ(entries("/proc/self/task"), threads);
}

TEST_F(RocksDbLifecycleTest, ValuesStayAfterTheStoreWasClosedAndItsDatabaseRemoved) {
  std::map<std::string, std::string> content;
  for (const std::size_t size : {0u, 1u, 4095u, 4096u, 2000000u}) content[std::to_string(size)] = noise(size);
  store_in_files(content);
  std::map<std::string, Value> values;
  {
    const std::shared_ptr<KvStore> store = open({{"block_cache", "1MiB"}});
    ASSERT_TRUE(store->set("in memory", noise(7000)).ok());
    content["in memory"] = noise(7000);
    for (const auto& [key, expected] : content) values[key] = store->get(key).value().value();
    for (const auto& [key, expected] : content) ASSERT_TRUE(store->set(key, "overwritten").ok());
    ASSERT_TRUE(store->close().ok());
  }
  std::filesystem::remove_all(path());
  for (const auto& [key, expected] : content) EXPECT_TRUE(values[key].text() == expected) << key;
}

TEST_F(RocksDbLifecycleTest, AForkedChildIsToldThatTheStoreIsClosed) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", noise(5000)).ok());
  EXPECT_TRUE(is_true_in_child([&] {
    const std::vector<SetItem> batch = {{"k", "v", {}}};
    return store->get("k").status().code() == StatusCode::closed && store->set("k", "v").code() == StatusCode::closed &&
           store->batch_set(batch).code() == StatusCode::closed && store->remove("k").code() == StatusCode::closed &&
           store->exists("k").status().code() == StatusCode::closed &&
           store->scan("").status().code() == StatusCode::closed && store->flush().code() == StatusCode::closed &&
           store->close().code() == StatusCode::closed && store->stats().values == 0;
  }));
  EXPECT_TRUE(get(*store, "k") == noise(5000));  // the parent's goes on
  EXPECT_TRUE(store->set("k", "after").ok());
}

TEST_F(RocksDbLifecycleTest, AForkedChildMayDropTheStoreAndTheParentsGoesOn) {
  std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", noise(5000)).ok());
  EXPECT_TRUE(is_true_in_child([&] {
    store.reset();
    return true;
  }));
  EXPECT_TRUE(store->set("after", "v").ok());
  ASSERT_TRUE(store->close().ok());
  store = open();
  EXPECT_TRUE(get(*store, "k") == noise(5000));
  EXPECT_EQ(get(*store, "after"), "v");
}

TEST_F(RocksDbLifecycleTest, AValueReadBeforeAForkStaysInTheChild) {
  const std::shared_ptr<KvStore> store = open();
  ASSERT_TRUE(store->set("k", noise(5000)).ok());
  const Value value = store->get("k").value().value();
  EXPECT_TRUE(is_true_in_child([&] { return value.text() == noise(5000); }));
}

}  // namespace
}  // namespace cinch::test
