// What goes through a whole store: progress on a terminal, rate and resuming. More of Ctrl-C is in interrupt_test.cpp.
#include <chrono>

#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class LongWorkTest : public CliTest {
 protected:
  LongWorkTest() {
    for (int i = 0; i < 10; ++i) put("k" + std::to_string(i), std::string(3000, 'v'), {"--codec", "raw"});
  }

  /// Runs it with a terminal for standard error.
  Outcome on_terminal(const std::string& arguments) const {
    RunOptions options;
    options.program = "/usr/bin/script";
    return run_cinch({"-qec", cinch_program() + " --store " + url + " " + arguments, "/dev/null"}, options);
  }
};

TEST_F(LongWorkTest, ATerminalSeesHowFarItIs) {
  const Outcome run = on_terminal("verify --rate 40KiB");
  EXPECT_THAT(run.out, HasSubstr("verify [##"));
  EXPECT_THAT(run.out, HasSubstr("left"));
}

TEST_F(LongWorkTest, NobodyElseDoes) {
  EXPECT_EQ(cinch({"verify", "--rate", "40KiB"}).err, "");
  EXPECT_THAT(on_terminal("verify --rate 40KiB --quiet").out, Not(HasSubstr("verify [")));
}

TEST_F(LongWorkTest, ARateIsKept) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(cinch({"verify", "--rate", "60KiB"}).status, 0);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(400));  // of 30,000 bytes
}

TEST_F(LongWorkTest, AnInterruptedVerifySaysWhereToGoOn) {
  const Outcome run = interrupted_after(0.6, {"--store", url, "verify", "--rate", "10KiB", "--json"});
  EXPECT_EQ(run.status, 130);
  const std::string next = run.json()["next"];
  EXPECT_THAT(run.err, HasSubstr("--from " + next));
  const auto seen = run.json()["values"].get<int>();
  EXPECT_EQ(next, "k" + std::to_string(seen));
  EXPECT_EQ(cinch({"verify", "--from", next, "--json"}).json()["values"], 10 - seen);
}

TEST_F(LongWorkTest, FromTakesAKeyThatIsNotThereToo) {
  EXPECT_EQ(cinch({"verify", "--from", "k5x", "--json"}).json()["values"], 4);
  EXPECT_EQ(cinch({"verify", "k", "--from", "k9", "--json"}).json()["values"], 1);
  EXPECT_EQ(cinch({"verify", "--from", "z", "--json"}).json()["values"], 0);
}

TEST_F(LongWorkTest, BadRatesAreRefused) {
  for (const char* rate : {"0", "fast", "-1"}) EXPECT_EQ(cinch({"verify", "--rate", rate}).status, 2) << rate;
}

TEST_F(LongWorkTest, DelTakesAPrefix) {
  put("other", "v");
  EXPECT_EQ(cinch({"del", "--prefix", "k", "--json"}).json()["removed"], 10);
  EXPECT_EQ(cinch({"ls"}).out, "other\n");
  EXPECT_EQ(cinch({"del", "--prefix", "k", "--json"}).json()["removed"], 0);
}

TEST_F(LongWorkTest, DelOfEverythingByAnEmptyPrefixIsRefused) {
  expect_error(cinch({"del", "--prefix", ""}), 2, "every key");
  expect_error(cinch({"del"}), 2, "KEY or --prefix");
  EXPECT_EQ(cinch({"del", "k1", "--prefix", "k"}).status, 2);
  EXPECT_EQ(cinch({"stat", "--json"}).json()["values"], 10);
}

TEST_F(LongWorkTest, StatLongIsByFormatAndSize) {
  put("large", std::string(100000, 'l'));
  const Json classes = cinch({"stat", "--long", "--json"}).json()["classes"];
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes[0]["format"], "lz4");
  EXPECT_EQ(classes[0]["from_bytes"], 65536);
  EXPECT_EQ(classes[1]["format"], "raw");
  EXPECT_EQ(classes[1]["from_bytes"], 0);
  EXPECT_EQ(classes[1]["values"], 10);
  EXPECT_THAT(cinch({"stat", "--long"}).out, HasSubstr("64.0 KiB"));
}

}  // namespace
}  // namespace cinch::test
