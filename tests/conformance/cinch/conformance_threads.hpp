/// What every `KvStore` promises to many threads at once, as a GoogleTest suite; use it as conformance.hpp says, under
/// the name `KvStoreThreadsConformance`. Made to run under ThreadSanitizer too.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "cinch/conformance_store.hpp"

namespace cinch {

class KvStoreThreadsConformance : public ConformanceTest {
 protected:
  static constexpr int threads = 4;
  static constexpr int rounds = 150;

  template <class Work>
  static void on_threads(Work&& work) {
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) running.emplace_back([&work, i] { work(i); });
    for (std::thread& thread : running) thread.join();
  }

  /// A value that tells whether it is one: a tag, repeated.
  static std::string tagged(int tag, std::size_t size) { return std::string(size, static_cast<char>('A' + tag % 26)); }
  static bool is_one(std::string_view value) { return value.find_first_not_of(value.front()) == value.npos; }
};

TEST_P(KvStoreThreadsConformance, EachThreadSeesItsOwnWrites) {
  std::atomic<int> wrong = 0;
  on_threads([&](int thread) {
    const std::string prefix = "t" + std::to_string(thread) + "/";
    for (int i = 0; i < rounds; ++i) {
      const std::string key = prefix + std::to_string(i % 20);
      const std::string value = tagged(i, static_cast<std::size_t>(1 + i * 67 % 9000));
      if (!store().set(key, value).ok()) ++wrong;
      if (get(key) != value) ++wrong;
      if (i % 5 == 0 && (!store().remove(key).ok() || exists(key))) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(KvStoreThreadsConformance, AValueIsOneOfThoseSetAndNeverAMixture) {
  set("shared", tagged(0, 5000));
  std::atomic<int> wrong = 0;
  on_threads([&](int thread) {
    for (int i = 0; i < rounds; ++i) {
      if (thread % 2 == 0 && !store().set("shared", tagged(thread + i, static_cast<std::size_t>(4000 + i * 37))).ok()) {
        ++wrong;
      }
      const GetResult value = store().get("shared");
      if (!value || !*value || (*value)->empty() || !is_one((*value)->text())) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(KvStoreThreadsConformance, AScanSeesEachKeyThatStaysExactlyOnce) {
  constexpr int staying = 200;
  for (int i = 0; i < staying; ++i) set("stays" + std::to_string(1000 + i), "v");
  std::atomic<int> wrong = 0;
  on_threads([&](int thread) {
    for (int i = 0; i < rounds / 3; ++i) {
      if (thread == 0) {
        std::vector<std::string> seen = keys("stays");
        if (seen.size() != staying || !std::is_sorted(seen.begin(), seen.end())) ++wrong;
        continue;
      }
      const std::string key = "comes" + std::to_string(thread) + "/" + std::to_string(i);
      if (!store().set(key, tagged(i, 100)).ok()) ++wrong;
      if (i % 2 == 1 && !store().remove(key).ok()) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(KvStoreThreadsConformance, SetIfLosesNoUpdate) {
  if (!GetParam().has_stamps) GTEST_SKIP() << GetParam().name << " has no stamps";
  constexpr int increments = 50;
  set("counter", "0");
  std::atomic<int> wrong = 0;
  on_threads([&](int) {
    for (int done = 0; done < increments;) {
      const auto head = store().head("counter", 20);
      if (!head || !*head) {
        ++wrong;
        return;
      }
      const std::string next = std::to_string(std::stoi(std::string((*head)->first.text())) + 1);
      const Result<bool> is_set = store().set_if("counter", (*head)->stamp, next);
      if (!is_set) ++wrong;
      done += is_set.value_or(true) ? 1 : 0;
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(get("counter"), std::to_string(threads * increments));
}

TEST_P(KvStoreThreadsConformance, BatchesAndPrefixesWorkBesideEachOther) {
  std::atomic<int> wrong = 0;
  on_threads([&](int thread) {
    const std::string prefix = "b" + std::to_string(thread) + "/";
    for (int i = 0; i < rounds / 5; ++i) {
      const std::string one = prefix + "1";
      const std::string two = prefix + "2";
      if (!store().batch_set(std::vector<SetItem>{{one, tagged(i, 3000)}, {two, tagged(i, 60)}}).ok()) ++wrong;
      const std::vector<std::string_view> asked = {one, two};
      for (const GetResult& value : store().batch_get(asked)) {
        if (!value || !*value || !is_one((*value)->text())) ++wrong;
      }
      (void)store().stats();
      if (i % 4 == 0 && store().remove_prefix(prefix).value_or(0) != 2) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(KvStoreThreadsConformance, CloseMayComeWhileCallsRun) {
  if (!GetParam().closes) GTEST_SKIP() << GetParam().name << " has no close of its own";
  std::atomic<int> wrong = 0;
  const auto is_fine = [](const Status& status) { return status.ok() || status.code() == StatusCode::closed; };
  on_threads([&](int thread) {
    const std::string key = "k" + std::to_string(thread % 3);
    bool was_set = false;  // then it is there, or the store is closed
    for (int i = 0; i < rounds; ++i) {
      if (thread == 0 && i == rounds / 2 && !store().close().ok()) ++wrong;
      const Status set = store().set(key, tagged(i, 3000));
      if (!is_fine(set)) ++wrong;
      was_set |= set.ok();
      const GetResult value = store().get(key);
      if (!is_fine(value.status()) || (value && (*value ? !is_one((*value)->text()) : was_set))) ++wrong;
      const Result<KeyPage> page = store().scan("");
      if (!is_fine(page.status()) || (page && was_set && !std::ranges::count(page->keys, key))) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(store().get("k0").status().code(), StatusCode::closed);
}

}  // namespace cinch
