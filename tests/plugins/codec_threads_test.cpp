#include <atomic>
#include <thread>

#include "tests/plugins/test_plugins.hpp"
#include "tests/support/payloads.hpp"

namespace cinch::test {
namespace {

constexpr int threads = 8;

void run_on_all(auto&& body) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(body, i);
  for (std::thread& thread : running) thread.join();
}

class CodecThreadsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(CodecThreadsTest, ShareOneCodec) {
  const auto codec = codec_of(default_registry(), GetParam());
  std::atomic<int> wrong{0};
  run_on_all([&](int thread) {
    for (int round = 0; round < 30; ++round) {
      const std::size_t size = 1000u * static_cast<unsigned>(1 + (thread + round) % 40);
      const auto value = make_payload(PayloadKind::json, size, static_cast<std::uint64_t>(thread));
      const auto encoded = encode(*codec, value);
      std::vector<std::byte> back(size);
      if (!encoded || !codec->decompress({}, nullptr, *encoded, back).ok() || back != value) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Each, CodecThreadsTest, ::testing::Values("lz4", "lz4:hc=4", "zstd", "zstd:level=7"),
                         [](const auto& param) { return "codec" + std::to_string(param.index); });

TEST(RegistryThreadsTest, OpenCodecsOfOneRegistry) {
  const CodecRegistry registry = registry_with("codecs");
  std::atomic<int> wrong{0};
  run_on_all([&](int thread) {
    for (int round = 0; round < 200; ++round) {
      const std::string salt = "salt=" + std::to_string(1 + (thread + round) % 100);
      if (!registry.decoder({"test.xor", 2, 1, salt}).has_value()) ++wrong;
      if (!registry.codec("lz4").has_value()) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(LoaderThreadsTest, LoadTheSameFiles) {
  std::atomic<int> wrong{0};
  run_on_all([&](int) {
    CodecRegistry registry;
    const auto reports = PluginLoader(registry).load_directory(CINCH_BUILD_DIR "/tests/plugins/codecs");
    for (const PluginReport& report : reports) {
      if (!report.refusal.empty()) ++wrong;
    }
    if (reports.size() < 3 || registry.providers().size() != reports.size() + 1) ++wrong;  // and `raw`
  });
  EXPECT_EQ(wrong, 0);
}

TEST(ConvictionThreadsTest, TheFirstReasonStaysForAll) {
  const CodecRegistry registry = registry_with("codecs");
  const auto codec = codec_of(registry, "test.lossy");
  run_on_all([&](int thread) { (void)codec->convict("reason " + std::to_string(thread)); });
  const std::string said = codec->bound(1, nullptr).status().to_string();
  (void)codec->convict("one more");
  EXPECT_EQ(codec->bound(1, nullptr).status().to_string(), said);
}

}  // namespace
}  // namespace cinch::test
