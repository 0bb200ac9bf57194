// What a config comes to, and what is found wrong before anything is opened.
#include <gmock/gmock.h>

#include <algorithm>

#include "cinch/store_config.hpp"

namespace cinch {
namespace {

using testing::HasSubstr;

StoreConfig read(std::string_view toml) { return StoreConfig::from_toml(toml, "c.toml").value(); }

std::string mistakes(const StoreConfig& config) {
  return std::string(check_config(config, bundled_backends(), open_codecs(config)).message());
}

std::vector<ConfigEntry> describe(const StoreConfig& config) {
  return describe_config(config, bundled_backends(), open_codecs(config));
}

ConfigEntry entry(const StoreConfig& config, std::string_view key) {
  const std::vector<ConfigEntry> entries = describe(config);
  const auto found = std::ranges::find(entries, key, &ConfigEntry::key);
  return found == entries.end() ? ConfigEntry() : *found;
}

TEST(ConfigCheckTest, MistakesOfCodecBackendAndRulesNameFileLineAndKey) {
  EXPECT_THAT(mistakes(read("[store]\ncodec = \"zsdt\"")), HasSubstr("c.toml:2: store.codec: "));
  EXPECT_THAT(mistakes(read("[store]\ncodec = \"zsdt\"")), HasSubstr("did you mean \"zstd\"?"));
  EXPECT_THAT(mistakes(read("\n[store]\nbackend = \"memroy\"")), HasSubstr("c.toml:3: store.backend: "));
  EXPECT_THAT(mistakes(read("[store.memory]\ncapacty = 3")), HasSubstr("c.toml:2: store.memory.capacty: "));
  EXPECT_THAT(mistakes(read("[store.memory]\ncapacty = 3")), HasSubstr("did you mean \"capacity\"?"));
  EXPECT_THAT(mistakes(read("[[store.rule]]\nmatch = \"*\"\ncodec = \"lz4:acc=1\"")),
              HasSubstr("c.toml:3: store.rule[0].codec: "));
  EXPECT_THAT(mistakes(read("[[store.rule]]\nmatch = \"[\"\ncodec = \"lz4\"")),
              HasSubstr("c.toml:2: store.rule[0].match: "));
  EXPECT_THAT(mistakes(read("[engine]\nmax_value = \"5GiB\"")), HasSubstr("c.toml:2: engine.max_value: "));
}

TEST(ConfigCheckTest, APreferenceThatNothingFollowsIsAMistake) {
  EXPECT_EQ(mistakes(read("[plugins]\nprefer = { zstd = \"cinch.zstd\" }")), "");
  const std::string implementation = mistakes(read("[plugins]\nprefer = { zstd = \"cinch.zsdt\" }"));
  EXPECT_THAT(implementation, HasSubstr("c.toml:2: plugins.prefer.zstd: \"cinch.zsdt\" does not provide it here, "));
  EXPECT_THAT(implementation, HasSubstr("did you mean \"cinch.zstd\"?"));
  const std::string format = mistakes(read("[plugins]\nprefer = { zsdt = \"cinch.zstd\" }"));
  EXPECT_THAT(format, HasSubstr("c.toml:2: plugins.prefer.zsdt: codec \"zsdt\" is not known; known: "));
  EXPECT_THAT(format, HasSubstr("did you mean \"zstd\"?"));
}

TEST(ConfigCheckTest, AKeyThatIsMissingIsFoundWhereItsTableIs) {
  EXPECT_THAT(mistakes(read("[store]\nbackend = \"rocksdb\"\n[store.rocksdb]\ncreate = true")),
              HasSubstr("c.toml:3: store.rocksdb.path: missing"));
  EXPECT_THAT(mistakes(read("\n[store]\nbackend = \"rocksdb\"")), HasSubstr("c.toml:2: store.rocksdb.path: missing"));
}

TEST(ConfigCheckTest, AllSettingsOfABackendAreLookedAt) {
  const std::string all = mistakes(read(
      "[store]\nbackend = \"rocksdb\"\n[store.rocksdb]\npath = \"\"\ndurability = \"x\"\nread_only = 1\ncreate = 2\n"
      "write_buffer = 3\nblock_cache = \"y\"\nmore = 4"));
  for (const char* key : {"path", "durability", "read_only", "create", "write_buffer", "block_cache", "more"}) {
    EXPECT_THAT(all, HasSubstr(std::string("store.rocksdb.") + key + ": "));
  }
}

TEST(ConfigCheckTest, TablesOfOtherBackendsAreCheckedAndNotUsed) {
  const StoreConfig config = read("[store]\nbackend = \"memory\"\n[store.rocksdb]\npath = \"x\"\n");
  EXPECT_EQ(mistakes(config), "");
  EXPECT_TRUE(config.settings.all().empty());
  EXPECT_THAT(mistakes(read("[store]\nbackend = \"memory\"\n[store.rocksdb]\npath = 3\n")),
              HasSubstr("c.toml:4: store.rocksdb.path: "));
  EXPECT_THAT(mistakes(read("[store]\nbackend = \"memory\"\n[store.rokcsdb]\npath = \"x\"\n")),
              HasSubstr("did you mean \"rocksdb\"?"));
  EXPECT_THAT(mistakes(read("[store]\nbackend = \"memory\"\n[store.rules]\ncodec = \"lz4\"\n")),
              HasSubstr("rules come below lines [[store.rule]]"));
}

TEST(ConfigCheckTest, TablesOfOtherBackendsNeedNotBeComplete) {
  EXPECT_EQ(mistakes(read("[store]\nbackend = \"memory\"\n[store.rocksdb]\nblobs = true\n")), "");
  EXPECT_THAT(mistakes(read("[store]\nbackend = \"memory\"\n[store.rocksdb]\nblob = true\n")),
              HasSubstr("c.toml:4: store.rocksdb.blob: unknown setting; "));
  EXPECT_THAT(mistakes(read("[store]\nbackend = \"rocksdb\"\n[store.rocksdb]\nblobs = true\n")),
              HasSubstr("c.toml:3: store.rocksdb.path: missing"));
}

TEST(ConfigCheckTest, ATableOfABackendThatThisBuildLacksMayStandBesideTheChosenOne) {
  BackendRegistry backends = bundled_backends();
  ASSERT_TRUE(backends.add_unavailable("elsewhere", "this build is without it").ok());
  const StoreConfig config = read("[store]\nbackend = \"memory\"\n[store.elsewhere]\nhost = \"a\"\n");
  EXPECT_EQ(check_config(config, backends, open_codecs(config)).message(), "");
}

TEST(ConfigCheckTest, ARuleWhoseTensorNoValueCouldBeIsRefused) {
  const auto mistake = [](const std::string& tensor) {
    return mistakes(read("[[store.rule]]\nmatch = \"*\"\ntensor = {dtype = \"bf16\", " + tensor + "}\n"));
  };
  EXPECT_EQ(mistake("shape = [0, 3, 64]"), "");
  EXPECT_EQ(mistake("head_dim = 64"), "");
  EXPECT_THAT(mistake("shape = [0, 3, 64], token_axis = 5"), HasSubstr("store.rule[0].tensor: "));
  EXPECT_THAT(mistake("shape = [0, 3, 64], head_dim = 7"), HasSubstr("store.rule[0].tensor: "));
}

TEST(ConfigCheckTest, LimitsThatAllowNothingAreRefused) {
  StoreConfig config;
  config.compressed.max_value_bytes = 0;
  config.threads = 1025;
  EXPECT_THAT(mistakes(config), HasSubstr("engine.max_value: 0, expected"));
  EXPECT_THAT(mistakes(config), HasSubstr("engine.threads: 1025, expected 0 to 1024"));
}

TEST(ConfigCheckTest, MistakesOfReadingAndOfCodecsComeTogetherInTheOrderOfLines) {
  const Status status = StoreConfig::from_toml("[store]\ncodec = \"nope\"\n[engine]\nblok = 1\n", "c.toml").status();
  const std::string_view text = status.message();
  EXPECT_LT(text.find("c.toml:2: store.codec: "), text.find("c.toml:4: engine.blok: "));
  EXPECT_THAT(text, HasSubstr("c.toml:4: engine.blok: "));
}

TEST(ConfigCheckTest, WithoutAFileMistakesNameTheKey) {
  StoreConfig config;
  config.codec = "nope";
  EXPECT_EQ(mistakes(config).substr(0, 13), "store.codec: ");
}

TEST(DescribeConfigTest, DefaultsAreShownAsSuch) {
  EXPECT_EQ(entry(StoreConfig(), "engine.max_value").value, "\"1GiB\"");
  EXPECT_EQ(entry(StoreConfig(), "engine.max_value").origin, "default");
  EXPECT_EQ(entry(StoreConfig(), "store.memory.capacity").value, "0");
  EXPECT_EQ(entry(*StoreConfig::from_url("rocksdb:x"), "store.rocksdb.write_buffer").value, "\"64MiB\"");
}

TEST(DescribeConfigTest, WhatWasGivenIsShownWithItsPlace) {
  const StoreConfig config = read("[engine]\nverify = \"never\"\n[[store.rule]]\nmatch = 'a\"*'\nttl = \"90m\"\n");
  EXPECT_EQ(entry(config, "engine.verify").value, "\"never\"");
  EXPECT_EQ(entry(config, "engine.verify").origin, "c.toml:2");
  EXPECT_EQ(entry(config, "store.rule[0].match").value, "\"a\\\"*\"");
  EXPECT_EQ(entry(config, "store.rule[0].ttl").value, "\"90m\"");
  EXPECT_EQ(entry(config, "store.rule[0].ttl").origin, "c.toml:5");
  EXPECT_EQ(entry(config, "store.rule[0].codec").origin, "default");
}

TEST(DescribeConfigTest, BlocksAreAsLongAsSuitsTheirCodec) {
  const char* const rules =
      "[[store.rule]]\nmatch = \"a\"\ncodec = \"zstd\"\n[[store.rule]]\nmatch = \"b\"\nblock = 0\n";
  EXPECT_EQ(entry(StoreConfig(), "engine.block").value, "\"256KiB\"");
  EXPECT_EQ(entry(read("[store]\ncodec = \"zstd\""), "engine.block").value, "\"512KiB\"");
  EXPECT_EQ(entry(read(rules), "store.rule[0].block").value, "\"512KiB\"");
  EXPECT_EQ(entry(read(rules), "store.rule[1].block").value, "\"0\"");
  EXPECT_EQ(entry(read(std::string("[engine]\nblock = \"1MiB\"\n") + rules), "store.rule[0].block").value, "\"1MiB\"");
}

/// What is shown, as a config.
std::string pasted(const std::vector<ConfigEntry>& entries) {
  std::string toml, rule;
  for (const ConfigEntry& each : entries) {
    const bool is_rule = each.key.starts_with("store.rule[");
    const std::string table = is_rule ? each.key.substr(0, each.key.find(']') + 1) : "";
    if (is_rule && table != rule) toml += "[[store.rule]]\n";
    rule = table;
    toml += (is_rule ? each.key.substr(table.size() + 1) : each.key) + " = " + each.value + "\n";
  }
  return toml;
}

TEST(DescribeConfigTest, WhatIsShownCanBePastedIntoAConfig) {
  const StoreConfig example = *StoreConfig::from_file(CINCH_SOURCE_DIR "/tools/examples/cinch.toml");
  const StoreConfig bare =
      read("[[store.rule]]\nmatch = \"a\"\nttl = \"1h\"\n[[store.rule]]\nmatch = \"b\"\ncodec = \"zstd\"\n");
  for (const StoreConfig& config : {StoreConfig(), bare, example}) {
    const std::vector<ConfigEntry> shown = describe(config);
    const StoreConfig again = read(pasted(shown));
    EXPECT_EQ(mistakes(again), "");
    EXPECT_EQ(pasted(describe(again)), pasted(shown));
  }
}

TEST(DescribeConfigTest, TheShownDefaultsAreTheOnesThatAreUsed) {
  for (const char* backend : {"memory", "rocksdb"}) {
    const Result<BackendInfo> info = bundled_backends().info(backend);
    if (!info) continue;  // a build without it
    Settings settings = Settings{}.with_defaults(info->settings);
    if (settings.has("path")) settings.set("path", "x");
    EXPECT_TRUE(info->check(settings).ok()) << info->check(settings).to_string();
  }
}

TEST(ExampleConfigTest, HasEveryKeyAndIsRight) {
  const Result<StoreConfig> config = StoreConfig::from_file(CINCH_SOURCE_DIR "/tools/examples/cinch.toml");
  ASSERT_TRUE(config) << config.status().to_string();
  EXPECT_EQ(mistakes(*config), "");
  for (const ConfigEntry& each : describe(*config)) {
    // The first rule has what every rule can have, the second what tensors have.
    const bool is_left_out = each.key.starts_with("store.rule[") && !each.key.starts_with("store.rule[0]");
    if (is_left_out) continue;
    EXPECT_NE(each.origin, "default") << each.key << " is not in the example";
  }
  for (const char* key : {"token_axis", "head_dim", "tensor.dtype", "tensor.shape", "tensor.token_axis"}) {
    EXPECT_NE(entry(*config, std::string("store.rule[1].") + key).origin, "default") << key;
  }
  for (const auto& [name, settings] : config->other_settings) {
    const BackendInfo info = bundled_backends().info(name).value();
    for (const SettingInfo& setting : info.settings) {
      EXPECT_TRUE(settings.has(setting.name)) << name << "." << setting.name << " is not in the example";
    }
  }
  EXPECT_EQ(config->other_settings.size() + 1, bundled_backends().names().size());
}

}  // namespace
}  // namespace cinch
