// Plugins whose calls fail, or answer what is allowed and rare, as a store meets them.
#include <gmock/gmock.h>

#include <cstdlib>

#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "tests/plugins/test_plugins.hpp"

namespace cinch::test {
namespace {

using ::testing::HasSubstr;

class FailingCodecTest : public ::testing::Test {
 protected:
  CompressedKvStore store_with(const std::string& spec, const CompressedOptions& options = {}) {
    return CompressedKvStore(bundled_backends().open("memory", {}).value(), codec_of(registry_, spec), options,
                             registry_);
  }

  CodecRegistry registry_ = registry_with("failing");
  const std::string zeros_ = std::string(16 << 10, '\0');
};

TEST_F(FailingCodecTest, BlocksThatAreEncodedToNothingComeBack) {
  PluginLoader(registry_).load_file(test_plugin("codecs", "valid"));
  CompressedOptions options;
  options.block_bytes = 4096;
  CompressedKvStore store = store_with("test.valid", options);
  for (const std::string& value : {zeros_, zeros_ + "x" + zeros_, "x" + zeros_ + zeros_}) {
    ASSERT_TRUE(store.set("k", value).ok());
    EXPECT_EQ(store.get("k").value()->text(), value);
  }
}

TEST_F(FailingCodecTest, OneBlockThatIsEncodedToNothingComesBackByItsPlan) {
  CompressedKvStore store = store_with("test.fails-nowhere");
  ASSERT_TRUE(store.set("k", zeros_).ok());
  EXPECT_EQ(store.get("k").value()->text(), zeros_);
}

TEST_F(FailingCodecTest, APlanOfNoBytesIsNone) {
  CompressedOptions options;
  options.block_bytes = 4096;
  CompressedKvStore store = store_with("test.fails-empty-plan", options);
  const std::string value = "some text" + zeros_;
  ASSERT_TRUE(store.set("k", value).ok());
  const GetResult found = store.get("k");
  ASSERT_TRUE(found.has_value()) << found.status().to_string();
  EXPECT_EQ((*found)->text(), value);
}

TEST_F(FailingCodecTest, WhatAFailedPlanOpenLeavesBehindIsNotClosed) {
  PluginLoader(registry_).load_file(test_plugin("liars", "liar-plan-throw"));
  unsetenv("CINCH_TEST_PLAN_CLOSED");
  for (const char* spec : {"test.fails-plan-open", "test.fails-plan-open-memory", "test.liar-plan-throw"}) {
    EXPECT_FALSE(codec_of(registry_, spec)->open_plan(as_bytes("p"), nullptr).has_value()) << spec;
    EXPECT_EQ(getenv("CINCH_TEST_PLAN_CLOSED"), nullptr) << spec;
  }
  EXPECT_TRUE(codec_of(registry_, "test.fails-nowhere")->open_plan(as_bytes("p"), nullptr).has_value());
  EXPECT_NE(getenv("CINCH_TEST_PLAN_CLOSED"), nullptr) << "an opened plan is closed";
}

TEST_F(FailingCodecTest, WithoutATextTellsWhatItsCodeMeans) {
  EXPECT_THAT(
      codec_of(registry_, "test.fails-plan-open-memory")->open_plan(as_bytes("p"), nullptr).status().to_string(),
      HasSubstr("test.fails-plan-open-memory: plan_open: out of memory (code -7)"));
  EXPECT_THAT(codec_of(registry_, "test.fails-dec-run-42")->decompress({}, nullptr, {}, {}).to_string(),
              HasSubstr("test.fails-dec-run-42: dec_run: failed (code 42)"));
}

TEST_F(FailingCodecTest, OnlyWhatIsStoredCanBeDamagedOrOfAnUnknownVersion) {
  for (const char* call : {"enc-open", "enc-run", "plan"}) {
    const Status status = store_with(std::string("test.fails-") + call).set("k", zeros_);
    EXPECT_EQ(status.code(), StatusCode::codec_failed) << call << ": " << status.to_string();
  }
}

TEST_F(FailingCodecTest, ACodecRefusingItsOwnPlanIsSwitchedOff) {
  CompressedKvStore store = store_with("test.fails-plan-open");
  EXPECT_THAT(store.set("k", zeros_).to_string(), HasSubstr("codec_misbehaved: "));
  EXPECT_THAT(store.set("k", zeros_).to_string(),
              HasSubstr("switched off: test.fails-plan-open: its decoder refuses the plan"));
}

TEST_F(FailingCodecTest, WhoseDecoderDoesNotKnowWhatWasJustEncodedIsSwitchedOff) {
  CompressedOptions options;
  options.verify_writes = true;
  CompressedKvStore store = store_with("test.fails-dec-run", options);
  EXPECT_THAT(store.set("k", zeros_).to_string(), HasSubstr("codec_misbehaved: "));
  EXPECT_THAT(store.set("k", zeros_).to_string(), HasSubstr("switched off: test.fails-dec-run: its decoder refuses"));
}

}  // namespace
}  // namespace cinch::test
