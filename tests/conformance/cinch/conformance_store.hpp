/// `StoreUnderTest`: a store to run the conformance suites over; and what the suites share.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cinch/kv_store.hpp"

namespace cinch {

struct StoreUnderTest {
  std::string name;
  /// Opens the store. The directory is empty at first and there for stores that need one; a persistent store finds its
  /// content when it is opened in the same directory again. Fails the test on its own when it cannot.
  std::function<std::shared_ptr<KvStore>(const std::string& directory)> open;

  bool persistent = false;
  bool atomic_batches = false;  ///< `batch_set` sets all or none.
  bool has_stamps = false;      ///< `touch` and `set_if` work; otherwise they answer `unsupported`.
  bool has_codecs = false;      ///< `SetOptions::codec` is followed; otherwise it is refused.
  bool closes = false;          ///< Calls after `close` answer `closed`.
};

inline std::ostream& operator<<(std::ostream& out, const StoreUnderTest& store) { return out << store.name; }

class ConformanceTest : public testing::TestWithParam<StoreUnderTest> {
 protected:
  static constexpr std::string_view absent = "(absent)";

  ConformanceTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cinch-conformance-XXXXXX").string();
    if (mkdtemp(pattern.data())) directory_ = pattern;
  }
  ~ConformanceTest() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  void SetUp() override {
    reopen();
    ASSERT_NE(store_, nullptr);
  }

  KvStore& store() { return *store_; }
  void drop_store() { store_.reset(); }
  void reopen() {
    store_.reset();
    store_ = GetParam().open(directory_);
  }

  void set(std::string_view key, std::string_view value) {
    const Status status = store().set(key, value);
    ASSERT_TRUE(status.ok()) << status.to_string();
  }

  /// The value, `absent`, or the error.
  std::string get(std::string_view key) {
    const GetResult value = store().get(key);
    if (!value) return value.error().to_string();
    return *value ? std::string((*value)->text()) : std::string(absent);
  }

  bool exists(std::string_view key) {
    const Result<bool> result = store().exists(key);
    EXPECT_TRUE(result.has_value()) << result.status().to_string();
    return result.value_or(false);
  }

  std::vector<std::string> keys(std::string_view prefix = "") {
    std::vector<std::string> all;
    const Status status = for_each_key(store(), prefix, [&](const std::string& key) {
      all.push_back(key);
      return Status();
    });
    EXPECT_TRUE(status.ok()) << status.to_string();
    return all;
  }

  static std::vector<std::string> strings(std::initializer_list<std::string> list) { return list; }

  static bool byte_order(const std::string& a, const std::string& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
    });
  }

  /// Compressible and incompressible bytes, the same for the same size.
  static std::string text_of(std::size_t size) {
    std::string text;
    for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i) + " of a text that repeats itself\n";
    text.resize(size);
    return text;
  }
  static std::string noise_of(std::size_t size) {
    std::mt19937_64 random(size);
    std::string noise(size, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    return noise;
  }

  std::mt19937_64& random() { return random_; }

  /// Asks again and again; false when it does not come true in ten seconds.
  template <class Condition>
  static bool wait_until(Condition&& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

 private:
  std::string directory_;
  std::shared_ptr<KvStore> store_;
  std::mt19937_64 random_{4711};
};

}  // namespace cinch
