// config check; what it finds wrong is in usage_test.cpp.
#include "tests/cli/run_cinch.hpp"

namespace cinch::test {
namespace {

class ConfigCheckCommandTest : public CliTest {
 protected:
  static Json entry(const Json& all, const std::string& key) {
    for (const Json& each : all) {
      if (each["key"] == key) return each;
    }
    return {};
  }
};

TEST_F(ConfigCheckCommandTest, ShowsEveryKeyWithWhereItComesFrom) {
  write_file(dir.file("c.toml"), "[store]\ncodec = \"zstd:level=3\"\n");
  const Json all = bare({"config", "check", "c.toml", "--json"}).json();
  EXPECT_EQ(entry(all, "store.codec"),
            Json({{"key", "store.codec"}, {"value", "\"zstd:level=3\""}, {"origin", "c.toml:2"}}));
  EXPECT_EQ(entry(all, "store.backend")["origin"], "default");
}

TEST_F(ConfigCheckCommandTest, ItAppliesTheCommandLine) {
  write_file(dir.file("c.toml"), "[[store.rule]]\nmatch = \"a\"\ncodec = \"lz4\"\n");
  const Json all = bare({"config", "check", "c.toml", "--codec", "raw", "--rule", "b=zstd", "--json"}).json();
  EXPECT_EQ(entry(all, "store.codec")["origin"], "--codec");
  EXPECT_EQ(entry(all, "store.rule[0].match")["value"], "\"b\"");
  EXPECT_EQ(entry(all, "store.rule[0].match")["origin"], "--rule");
  EXPECT_EQ(entry(all, "store.rule[1].match")["origin"], "c.toml:2");
}

TEST_F(ConfigCheckCommandTest, OpensAndMakesNothing) {
  write_config();
  EXPECT_EQ(bare({"config", "check", "c.toml"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(ConfigCheckCommandTest, AFileThatIsNotThereIs2) {
  expect_error(bare({"config", "check", "c.toml"}), 2, "c.toml: cannot be read");
}

}  // namespace
}  // namespace cinch::test
