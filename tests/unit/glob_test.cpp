#include "engine/glob.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace cinch {
namespace {

bool matches(std::string_view pattern, std::string_view key) {
  const Result<Glob> glob = Glob::parse(pattern);
  EXPECT_TRUE(glob) << glob.status().to_string();
  return glob && glob->matches(key);
}

std::string refusal(std::string_view pattern) { return std::string(Glob::parse(pattern).status().message()); }

TEST(GlobTest, TextMatchesItselfAlone) {
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("kv/a", "kv/a"));
  EXPECT_FALSE(matches("kv/a", "kv/ab"));
  EXPECT_FALSE(matches("kv/a", "kv/"));
  EXPECT_FALSE(matches("", "a"));
}

TEST(GlobTest, AStarIsAnyBytesAlsoSlashesAndNone) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("kv/*.k", "kv/a/b.k"));
  EXPECT_TRUE(matches("kv/*.k", "kv/.k"));
  EXPECT_FALSE(matches("kv/*.k", "kv/a.v"));
  EXPECT_TRUE(matches("*a*b*", "xxaxxbxx"));
  EXPECT_TRUE(matches("*ab", "abaab"));
  EXPECT_FALSE(matches("*a*b*", "xxbxxaxx"));
  EXPECT_TRUE(matches("**", "a"));
  EXPECT_TRUE(matches("*", std::string("\0\xff\n", 3)));
}

TEST(GlobTest, AQuestionMarkIsOneByte) {
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_TRUE(matches("a?c",
                      "a\xff"
                      "c"));
  EXPECT_FALSE(matches("a?c", "ac"));
  EXPECT_FALSE(matches("?", ""));
}

TEST(GlobTest, SetsAndRanges) {
  EXPECT_TRUE(matches("[a-c]", "b"));
  EXPECT_FALSE(matches("[a-c]", "d"));
  EXPECT_TRUE(matches("[!a-c]", "d"));
  EXPECT_FALSE(matches("[!a-c]", "a"));
  EXPECT_TRUE(matches("[]]", "]"));
  EXPECT_TRUE(matches("[a-]", "-"));
  EXPECT_TRUE(matches("[\\x80-\\xff]", "\xee"));
}

TEST(GlobTest, ABackslashMakesLiteralAndNamesAnyByte) {
  EXPECT_TRUE(matches("\\*", "*"));
  EXPECT_FALSE(matches("\\*", "a"));
  EXPECT_TRUE(matches("\\\\", "\\"));
  EXPECT_TRUE(matches("a\\x00\\xFf", std::string("a\0\xff", 3)));
}

TEST(GlobTest, MistakesNameTheirPlace) {
  EXPECT_EQ(refusal("ab["), "glob \"ab[\", character 3: the set that begins here has no \"]\"");
  EXPECT_NE(refusal("a\\"), "");
  EXPECT_NE(refusal("\\xg0"), "");
  EXPECT_NE(refusal("\\x1"), "");
  EXPECT_NE(refusal("[z-a]"), "");
}

TEST(GlobTest, ManyStarsCostNoMoreThanPatternTimesKey) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(matches(pattern + "b", std::string(20000, 'a')));
}

/// As the definition says it, exponential and obviously right.
bool matches_slowly(std::string_view pattern, std::string_view key) {
  if (pattern.empty()) return key.empty();
  if (pattern.front() == '*') {
    return matches_slowly(pattern.substr(1), key) || (!key.empty() && matches_slowly(pattern, key.substr(1)));
  }
  return !key.empty() && (pattern.front() == '?' || pattern.front() == key.front()) &&
         matches_slowly(pattern.substr(1), key.substr(1));
}

TEST(GlobTest, AgreesWithTheDefinitionOnRandomPatterns) {
  std::mt19937 random(20240901);
  const auto text = [&](std::string_view letters, std::size_t most) {
    std::string out(random() % (most + 1), ' ');
    for (char& c : out) c = letters[random() % letters.size()];
    return out;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string pattern = text("ab*?", 6);
    const std::string key = text("ab", 8);
    ASSERT_EQ(matches(pattern, key), matches_slowly(pattern, key)) << pattern << " on " << key;
  }
}

}  // namespace
}  // namespace cinch
