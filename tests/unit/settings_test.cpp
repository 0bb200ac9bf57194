#include "cinch/settings.hpp"

#include <gmock/gmock.h>

namespace cinch {
namespace {

TEST(SettingsTest, SizesHaveUnits) {
  EXPECT_EQ(parse_size("0").value(), 0u);
  EXPECT_EQ(parse_size("512").value(), 512u);
  EXPECT_EQ(parse_size("4KiB").value(), 4096u);
  EXPECT_EQ(parse_size("4 KiB").value(), 4096u);
  EXPECT_EQ(parse_size("2MB").value(), 2'000'000u);
  EXPECT_EQ(parse_size("1TiB").value(), std::uint64_t{1} << 40);
}

TEST(SettingsTest, WhatIsNoSizeIsRefused) {
  for (const char* text :
       {"", "KiB", "-1", "1.5GiB", "4kib", "4XB", "99999999999999999999", "18446744073709551615KiB"}) {
    EXPECT_EQ(parse_size(text).status().code(), StatusCode::invalid_argument) << text;
  }
}

TEST(SettingsTest, AbsentKeysGiveTheFallback) {
  const Settings settings;
  EXPECT_EQ(settings.text("a", "x").value(), "x");
  EXPECT_EQ(settings.size("a", 7).value(), 7u);
  EXPECT_TRUE(settings.boolean("a", true).value());
  EXPECT_EQ(settings.choice("a", {"p", "q"}, "q").value(), "q");
}

TEST(SettingsTest, WrongTypesNameKeyAndWhatWasExpected) {
  const Settings settings{{"path", std::int64_t{5}}, {"mode", std::string("fast")}, {"capacity", true}};
  EXPECT_EQ(settings.text("path", "").error().message(), "path: 5, expected text");
  EXPECT_EQ(settings.choice("mode", {"a", "b"}, "a").error().message(), "mode: \"fast\", expected one of a, b");
  EXPECT_EQ(settings.size("capacity", 0).error().code(), StatusCode::invalid_argument);
}

TEST(SettingsTest, UnknownKeysGetTheNearestKnownOne) {
  const Settings settings{{"capcity", std::int64_t{5}}};
  const Status status = settings.only({"path", "capacity"});
  EXPECT_EQ(status.code(), StatusCode::invalid_argument);
  EXPECT_THAT(status.message(), testing::HasSubstr("did you mean \"capacity\""));
}

TEST(SettingsTest, NothingNearIsNoSuggestion) {
  const std::string_view known[] = {"lz4", "zstd"};
  EXPECT_EQ(nearest_name("zsdt", known), "zstd");
  EXPECT_EQ(suggestion_for("zsdt", known), "; did you mean \"zstd\"?");
  EXPECT_EQ(nearest_name("ZSTD", known), "zstd");
  EXPECT_EQ(nearest_name("brotli", known), "");
  EXPECT_EQ(suggestion_for("brotli", known), "");
  EXPECT_EQ(nearest_name("list", known), "");  // a word of its own, though half of it fits
  EXPECT_EQ(nearest_name("", known), "");
  EXPECT_EQ(nearest_name(std::string(100000, 'z'), known), "");
}

}  // namespace
}  // namespace cinch
