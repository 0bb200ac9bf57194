#include "cinch/keys.hpp"

#include <gmock/gmock.h>

#include <random>

#include "cinch/store_support.hpp"

namespace cinch {
namespace {

TEST(KeysTest, PrintableKeysAreShownAsTheyAre) { EXPECT_EQ(escape_key("kv/layer.0 ~!"), "kv/layer.0 ~!"); }

TEST(KeysTest, OtherBytesAreEscaped) {
  EXPECT_EQ(escape_key(std::string_view("a\0\n\x7f\xff\\", 6)), "a\\x00\\x0a\\x7f\\xff\\\\");
}

TEST(KeysTest, EveryByteComesBack) {
  std::string key;
  for (int i = 0; i < 256; ++i) key += static_cast<char>(i);
  EXPECT_EQ(unescape_key(escape_key(key)).value(), key);
}

TEST(KeysTest, RandomKeysComeBack) {
  std::mt19937 random(7);
  for (int round = 0; round < 1000; ++round) {
    std::string key(random() % 40, '\0');
    for (char& c : key) c = static_cast<char>(random());
    ASSERT_EQ(unescape_key(escape_key(key)).value(), key) << "seed 7, round " << round;
  }
}

TEST(KeysTest, UpperCaseHexIsRead) { EXPECT_EQ(unescape_key("\\xAf").value(), "\xaf"); }

TEST(KeysTest, UnknownEscapesNameTheirPlace) {
  for (const char* text : {"ab\\", "ab\\n", "ab\\x", "ab\\x1", "ab\\xg0", "ab\\x0g"}) {
    const Result<std::string> key = unescape_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code(), StatusCode::invalid_argument);
    EXPECT_THAT(key.error().message(), testing::HasSubstr("byte 2")) << text;
  }
}

TEST(KeysTest, TheLongestKeyIs64KiB) {
  EXPECT_TRUE(check_key(std::string(65536, 'k')).ok());
  EXPECT_EQ(check_key(std::string(65537, 'k')).code(), StatusCode::invalid_argument);
}

}  // namespace
}  // namespace cinch
