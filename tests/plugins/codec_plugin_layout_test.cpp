// That this file and its twin in C compile is the test.
#include "codec_plugin_layout.h"

#include <gtest/gtest.h>

TEST(CodecPluginLayoutTest, IsWhatPluginsWereBuiltWith) {
  EXPECT_EQ(CINCH_ABI_MAJOR, 0);
  EXPECT_STREQ(CINCH_PLUGIN_ENTRY, "cinch_plugin_entry_v0");
}
