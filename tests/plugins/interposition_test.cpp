// A host whose own symbols have the names of the libraries that plugins carry: linked so that it exports them all.
#include <gtest/gtest.h>

#include "tests/plugins/test_plugins.hpp"
#include "tests/support/payloads.hpp"

namespace {
int captured_calls = 0;
}

// Not the libraries' own declarations: what counts is the name.
#define CINCH_FAKE(name)                                        \
  extern "C" __attribute__((visibility("default"))) int name(); \
  extern "C" int name() { return ++captured_calls; }
CINCH_FAKE(LZ4_compress_default)
CINCH_FAKE(LZ4_compress_fast_extState_fastReset)
CINCH_FAKE(LZ4_compress_HC_extStateHC_fastReset)
CINCH_FAKE(LZ4_decompress_safe)
CINCH_FAKE(LZ4_createStream)
CINCH_FAKE(ZSTD_createCCtx)
CINCH_FAKE(ZSTD_createDCtx)
CINCH_FAKE(ZSTD_compress2)
CINCH_FAKE(ZSTD_decompressDCtx)
CINCH_FAKE(ZSTD_getErrorName)

namespace cinch::test {
namespace {

class InterpositionTest : public ::testing::TestWithParam<std::string> {};

TEST_P(InterpositionTest, PluginsCallTheirOwnCopies) {
  const auto codec = codec_of(default_registry(), GetParam());
  const std::vector<std::byte> value = make_payload(PayloadKind::text, 10'000);
  const auto encoded = encode(*codec, value);
  ASSERT_TRUE(encoded.has_value());
  std::vector<std::byte> back(value.size());
  EXPECT_TRUE(codec->decompress({}, nullptr, *encoded, back).ok());
  EXPECT_EQ(back, value);
  EXPECT_EQ(captured_calls, 0);
}

INSTANTIATE_TEST_SUITE_P(Each, InterpositionTest, ::testing::Values("lz4", "lz4:hc=4", "zstd"),
                         [](const auto& param) { return "codec" + std::to_string(param.index); });

}  // namespace
}  // namespace cinch::test
