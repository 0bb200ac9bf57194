#include "cinch/status.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace cinch {
namespace {

TEST(StatusTest, SuccessHasNoMessage) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::ok);
  EXPECT_EQ(status.to_string(), "ok");
}

TEST(StatusTest, FailureTellsCodeAndMessage) {
  const Status status(StatusCode::no_space, "disk of 3 bytes");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.to_string(), "no_space: disk of 3 bytes");
}

TEST(StatusTest, ContextGoesBeforeTheMessageAndKeepsTheCode) {
  const Status status = Status(StatusCode::corruption, "bad").in("key \"a\"");
  EXPECT_EQ(status.to_string(), "corruption: key \"a\": bad");
  EXPECT_TRUE(Status().in("anything").ok());
}

TEST(StatusTest, EveryCodeHasANameOfItsOwn) {
  std::vector<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(StatusCode::cancelled); ++code) {
    names.push_back(to_string(static_cast<StatusCode>(code)));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(std::count(names.begin(), names.end(), "unknown"), 0);
}

TEST(ResultTest, HoldsAValueOrAFailure) {
  Result<std::string> good(std::string("abc"));
  const Result<std::string> bad(Status(StatusCode::busy, "later"));
  EXPECT_TRUE(good.has_value());
  EXPECT_EQ(*good, "abc");
  EXPECT_EQ(good->size(), 3u);
  EXPECT_TRUE(good.status().ok());
  EXPECT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code(), StatusCode::busy);
  EXPECT_EQ(bad.value_or("fallback"), "fallback");
}

}  // namespace
}  // namespace cinch
