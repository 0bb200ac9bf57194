// Every public call of the memory tier with its n-th allocation failing, once and for ever, n = 0, 1, … until none is
// left to fail: std::bad_alloc or a failure comes out, and every key is as before the call or as after it. What leaks
// is AddressSanitizer's to find.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "cinch/backend_registry.hpp"
#include "cinch/compression.hpp"
#include "cinch/keys.hpp"
#include "cinch/store_config.hpp"
#include "tests/plugins/test_plugins.hpp"
#include "tests/support/failing_allocator.hpp"
#include "tests/support/store_operations.hpp"
#include "tests/support/temp_dir.hpp"

namespace cinch {
namespace {

using test::fail_each_allocation;

std::vector<std::string> specs() {
  std::vector<std::string> out = test::bundled_codecs();
  out.insert(out.end(), {"raw", "lz4:hc=4", "test.xor", "test.lossy"});
  return out;
}

/// Calls that failed allocations may answer with: the codec's own "out of memory".
bool is_expected(StatusCode code) { return code == StatusCode::ok || code == StatusCode::codec_failed; }

class StoreAllocationTest : public testing::TestWithParam<std::tuple<std::string, test::StoreOperation>> {
 protected:
  void fill() {
    const CodecRegistry codecs = test::registry_with("codecs");  // whose codecs have no contexts yet
    store_ = std::make_unique<CompressedKvStore>(*bundled_backends().open("memory", {}),
                                                 *codecs.codec(std::get<0>(GetParam())), test::options_for_operations(),
                                                 codecs);
    test::fill_for_operations(*store_);
  }
  Status run() { return std::get<1>(GetParam()).run(*store_); }

  std::unique_ptr<CompressedKvStore> store_;
};

TEST_P(StoreAllocationTest, FailsWithoutACrashAndLeavesNothingHalf) {
  fill();
  const bool is_lossy = store_->codec()->traits().lossy;
  const test::StoreContent before = test::content_of(*store_);
  const Status unhindered = run();
  if (unhindered.code() == StatusCode::unsupported) GTEST_SKIP() << unhindered.to_string();
  ASSERT_TRUE(unhindered.ok() || (is_lossy && unhindered.code() == StatusCode::cancelled)) << unhindered.to_string();
  const test::StoreContent after = test::content_of(*store_);
  fill();
  Status status;
  const int failures = fail_each_allocation(
      [&] {
        status = {};
        status = run();
      },
      [&](int n, bool for_ever) {
        SCOPED_TRACE("allocation " + std::to_string(n) + (for_ever ? " and all after it" : ""));
        if (!is_lossy) {
          EXPECT_TRUE(is_expected(status.code())) << status.to_string();
        }
        for (const auto& [key, value] : test::content_of(*store_)) {
          EXPECT_TRUE((before.contains(key) && value == before.at(key)) ||
                      (after.contains(key) && value == after.at(key)))
              << key;
        }
        fill();
        EXPECT_EQ(run().code(), unhindered.code()) << "with memory again";
        EXPECT_EQ(test::content_of(*store_), after);
        fill();
      });
  RecordProperty("failures", failures);
}

INSTANTIATE_TEST_SUITE_P(Each, StoreAllocationTest,
                         testing::Combine(testing::ValuesIn(specs()), testing::ValuesIn(test::store_operations())),
                         [](const auto& test) {
                           std::string name = std::get<0>(test.param) + "_" + std::get<1>(test.param).name;
                           std::ranges::replace_if(
                               name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

TEST(AllocationTest, BlocksSharedOutToWorkersFailAlike) {
  CompressedOptions options = test::options_for_operations();
  options.workers = std::make_shared<WorkerPool>(3);
  CompressedKvStore store(*bundled_backends().open("memory", {}), *default_registry().codec("zstd"), options);
  test::fill_for_operations(store);
  const test::StoreContent before = test::content_of(store);
  for (const test::StoreOperation& operation : test::store_operations()) {
    SCOPED_TRACE(operation.name);
    fail_each_allocation([&] { (void)operation.run(store); }, [&](int, bool) { test::fill_for_operations(store); });
    ASSERT_TRUE(store.remove_prefix("").has_value());
    test::fill_for_operations(store);
    EXPECT_EQ(test::content_of(store), before);
  }
}

constexpr std::string_view config_text = R"(
[plugins]
directories = ["/nowhere"]
[engine]
threads = 1
max_value = "2MiB"
[store]
backend = "memory"
codec = "zstd:level=9"
[store.memory]
capacity = "64MiB"
[[store.rule]]
match = "session/*"
codec = "lz4"
ttl = "1h"
)";

/// Every mistake that a config can have a message for.
constexpr std::string_view bad_config_text = R"(
[store]
backend = "memroy"
codec = "zstdd"
max_valeu = 3
[[store.rule]]
match = "[a"
codec = "lz4:level=99"
)";

TEST(AllocationTest, ConfigsAreReadWholeOrNotAtAll) {
  const Result<StoreConfig> whole = StoreConfig::from_toml(config_text);
  ASSERT_TRUE(whole) << whole.status().to_string();
  const auto resolved = [](const StoreConfig& config) {
    std::string text;
    for (const ConfigEntry& entry : describe_config(config, bundled_backends(), default_registry()))
      text += entry.key + entry.value + "\n";
    return text;
  };
  const std::string expected = resolved(*whole);
  const test::TempDir dir;
  const std::string path = dir.file("cinch.toml");
  // Longer than what a stream reads at once.
  std::ofstream(path) << "#" << std::string(100'000, '-') << "\n" << config_text;
  std::optional<Result<StoreConfig>> config;
  const auto judge = [&](int n, bool) {
    if (config && *config) {
      EXPECT_EQ(resolved(**config), expected) << n;
    } else if (config) {  // what opens files says so
      EXPECT_EQ(config->status().code(), StatusCode::io_error) << n << ": " << config->status().to_string();
    }
    config.reset();
  };
  EXPECT_GT(fail_each_allocation([&] { config = StoreConfig::from_toml(config_text); }, judge), 100);
  EXPECT_GT(fail_each_allocation([&] { config = StoreConfig::from_file(path); }, judge), 100);
  EXPECT_GT(fail_each_allocation([&] { resolved(*whole); }, [](int, bool) {}), 10);
}

TEST(AllocationTest, MistakesInConfigsStayMistakes) {
  std::optional<StatusCode> code;
  fail_each_allocation([&] { code = StoreConfig::from_toml(bad_config_text).status().code(); },
                       [&](int n, bool) {
                         EXPECT_EQ(code.value_or(StatusCode::invalid_argument), StatusCode::invalid_argument) << n;
                         code.reset();
                       });
  fail_each_allocation([&] { (void)StoreConfig::from_url("rocksdb:/nowhere").has_value(); }, [](int, bool) {});
  fail_each_allocation([&] { code = StoreConfig::from_url("nonsense").status().code(); },
                       [&](int n, bool) {
                         EXPECT_EQ(code.value_or(StatusCode::invalid_argument), StatusCode::invalid_argument) << n;
                         code.reset();
                       });
}

TEST(AllocationTest, StoresOpenOrDoNot) {
  const Result<StoreConfig> config = StoreConfig::from_toml(config_text);
  ASSERT_TRUE(config);
  std::optional<Result<std::shared_ptr<CompressedKvStore>>> store;
  const int failures = fail_each_allocation(
      [&] {
        store = open_store(*config);
        if (*store) (void)(**store)->close();
      },
      [&](int n, bool) {
        if (store && !*store) {
          const std::string message(store->error().message());
          const bool says_why =
              message.find("out of memory") != message.npos || message.find("refused ") != message.npos;
          EXPECT_TRUE(says_why) << n << ": " << message;
        }
        store.reset();
      });
  EXPECT_GT(failures, 50);
}

TEST(AllocationTest, PluginsLoadOrAreRefused) {
  for (const char* directory : {"codecs", "liars", "broken"}) {
    const std::string path = CINCH_BUILD_DIR "/tests/plugins/" + std::string(directory);
    fail_each_allocation(
        [&] {
          CodecRegistry registry;
          (void)PluginLoader(registry).load_directory(path);
        },
        [](int, bool) {}, std::string_view(directory) == "broken" ? 7 : 1);
  }
  const CodecRegistry registry = test::registry_with("codecs");  // memory that ran out once leaves no mark
  for (const char* codec : {"test.xor", "test.lossy", "test.valid"})
    EXPECT_NE(test::codec_of(registry, codec), nullptr);
}

TEST(AllocationTest, SingleCallsFail) {
  const std::string text(10'000, 'x');
  const auto ignore = [](int, bool) {};
  for (const Compression compression : {Compression::lz4, Compression::zstd}) {
    const std::vector<std::byte> frame = *compress(compression, as_bytes(text));
    fail_each_allocation([&] { (void)compress(compression, as_bytes(text)).has_value(); }, ignore);
    fail_each_allocation([&] { (void)decompress(frame).has_value(); }, ignore);
  }
  fail_each_allocation([&] { (void)escape_key(std::string(1000, '\xff')); }, ignore);
  fail_each_allocation([&] { (void)unescape_key(R"(\x00\\ and so on, longer than a short string)").has_value(); },
                       ignore);
  fail_each_allocation([&] { (void)default_registry().codec("zstd:level=99").has_value(); }, ignore);
  fail_each_allocation([&] { (void)default_registry().codec("zsdt").has_value(); }, ignore);
  fail_each_allocation([&] { (void)default_registry().decoder({"not.there", 1, 0, ""}).has_value(); }, ignore);
  fail_each_allocation([&] { (void)bundled_backends().open("memory", {{"capacty", "1GiB"}}).has_value(); }, ignore);
}

}  // namespace
}  // namespace cinch
