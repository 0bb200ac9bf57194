#include "cinch/store_config.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace cinch {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// The message of a config that must not be accepted.
std::string refusal(std::string_view toml) {
  const Result<StoreConfig> config = StoreConfig::from_toml(toml, "c.toml");
  EXPECT_FALSE(config) << toml;
  return config ? "" : std::string(config.error().message());
}

TEST(StoreConfigTest, AnEmptyConfigIsLz4InMemory) {
  const Result<StoreConfig> config = StoreConfig::from_toml("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->backend, "memory");
  EXPECT_EQ(config->codec, "lz4");
}

TEST(StoreConfigTest, EveryKeyIsRead) {
  const Result<StoreConfig> config = StoreConfig::from_toml(R"(
[plugins]
directories = ["/opt/codecs"]
prefer = { zstd = "com.vendor.fast-zstd" }
[engine]
block = "256KiB"
max_value = "2GiB"
verify = "first_read"
verify_writes = true
[store]
backend = "rocksdb"
codec = "zstd:level=3"
[store.rocksdb]
path = "/var/cache/app"
create = false
)");
  ASSERT_TRUE(config) << config.status().to_string();
  EXPECT_EQ(config->plugin_directories, std::vector<std::string>{"/opt/codecs"});
  EXPECT_EQ(config->prefer.at("zstd"), "com.vendor.fast-zstd");
  EXPECT_EQ(config->compressed.block_bytes, 256u * 1024);
  EXPECT_EQ(config->compressed.max_value_bytes, std::uint64_t{2} << 30);
  EXPECT_EQ(config->compressed.verify, Verify::first_read);
  EXPECT_TRUE(config->compressed.verify_writes);
  EXPECT_EQ(config->backend, "rocksdb");
  EXPECT_EQ(config->codec, "zstd:level=3");
  EXPECT_EQ(config->settings.text("path", "").value(), "/var/cache/app");
  EXPECT_FALSE(config->settings.boolean("create", true).value());
}

TEST(StoreConfigTest, TensorsOfARuleAreRead) {
  const Result<StoreConfig> config = StoreConfig::from_toml(R"(
[store]
fallback = "lz4"
[[store.rule]]
match = "kv/*.k"
codec = "zstd"
fallback = "raw"
token_axis = 2
head_dim = 64
tensor = { dtype = "bf16", shape = [2, 0, 192], token_axis = 1, head_dim = 32 }
[[store.rule]]
match = "*"
tensor = { dtype = "F16" }
)");
  ASSERT_TRUE(config) << config.status().to_string();
  EXPECT_EQ(config->compressed.fallback, "lz4");
  ASSERT_EQ(config->compressed.rules.size(), 2u);
  const Rule& rule = config->compressed.rules[0];
  EXPECT_EQ(rule.fallback, "raw");
  EXPECT_EQ(rule.layout, (TensorLayout{2, 64}));
  EXPECT_EQ(rule.tensor, (TensorOfBytes{Dtype::bf16, {2, 0, 192}, {1, 32}}));
  EXPECT_EQ(config->compressed.rules[1].tensor, (TensorOfBytes{Dtype::f16, {}, {}}));
}

TEST(StoreConfigTest, MistakesInTensorsOfARuleNameThem) {
  const auto refused = [](const std::string& line) { return refusal("[[store.rule]]\nmatch = \"*\"\n" + line); };
  EXPECT_THAT(refused("head_dim = 0"), HasSubstr("c.toml:3: store.rule[0].head_dim: 0, expected 1 to"));
  EXPECT_THAT(refused("token_axis = 8"), HasSubstr("c.toml:3: store.rule[0].token_axis: 8, expected 0 to 7"));
  EXPECT_THAT(refused("tensor = 1"), HasSubstr("store.rule[0].tensor: 1, expected a table"));
  EXPECT_THAT(refused("tensor = { dtype = \"bf17\" }"),
              HasSubstr("store.rule[0].tensor.dtype: \"bf17\", expected an element type"));
  EXPECT_THAT(refused("tensor = { head_dim = 64 }"), HasSubstr("store.rule[0].tensor.dtype: missing, expected"));
  EXPECT_THAT(refused("tensor = { dtype = \"u8\", shap = [1] }"), HasSubstr("did you mean \"shape\""));
  const auto refused_shape = [&](const std::string& shape) {
    return refused("tensor = { dtype = \"u8\", shape = " + shape + " }");
  };
  for (const char* shape : {"[]", "[0, 0]", "\"x\"", "[1, 1, 1, 1, 1, 1, 1, 1, 1]"}) {
    EXPECT_THAT(refused_shape(shape), HasSubstr("tensor.shape: expected 1 to 8")) << shape;
  }
  EXPECT_THAT(refused_shape("[4, -1]"), HasSubstr("tensor.shape: -1, expected 0 to 281474976710656"));
  EXPECT_EQ(std::ranges::count(refused_shape("[-1]"), '\n'), 0);
  EXPECT_THAT(refused_shape("[1.5]"), HasSubstr("tensor.shape: 1.5, expected 0 to"));
}

TEST(StoreConfigTest, MistakesNameFileLineAndKey) {
  EXPECT_THAT(refusal("\n[stor]\n"), StartsWith("c.toml:2: stor:"));
  EXPECT_THAT(refusal("[stor]"), HasSubstr("did you mean \"store\""));
  EXPECT_THAT(refusal("[engine]\nmax_value = \"big\""), StartsWith("c.toml:2: engine.max_value:"));
  EXPECT_THAT(refusal("[engine]\nverify = \"sometimes\""), HasSubstr("expected one of always, first_read, never"));
  EXPECT_THAT(refusal("[plugins]\ndirectories = [\"relative\"]"), StartsWith("c.toml:2: plugins.directories:"));
  EXPECT_THAT(refusal("[store]\nbackend = 3"), StartsWith("c.toml:2: store.backend: "));
  EXPECT_THAT(refusal("[store]\nrule = 1"), StartsWith("c.toml:2: store.rule:"));
  EXPECT_THAT(refusal("[[store.rule]]\nmatch = \"*\"\nttl = \"soon\""), StartsWith("c.toml:3: store.rule[0].ttl:"));
  EXPECT_THAT(refusal("[[store.rule]]\ncodec = \"lz4\""), StartsWith("c.toml:1: store.rule[0].match:"));
  EXPECT_THAT(refusal("[[store.rule]]\nmatch = \"*\""), StartsWith("c.toml:1: store.rule[0]: "));
  EXPECT_THAT(refusal("[store]\nbackend = \"memory\"\n[store.memory]\ncapacity = 1.5"),
              StartsWith("c.toml:4: store.memory.capacity"));
}

TEST(StoreConfigTest, MistakesNameWhatWasGivenAndWhatWasExpected) {
  EXPECT_EQ(refusal("store = 3"), "c.toml:1: store: 3, expected a table");
  EXPECT_THAT(refusal("[store]\nmemory = \"x\""), StartsWith("c.toml:2: store.memory: unknown setting"));
  EXPECT_EQ(refusal("[store]\ncodec = [\"lz4\"]"),
            "c.toml:2: store.codec: a list, expected text, an integer or a boolean");
  for (const std::string key : {"backend", "codec", "fallback"}) {
    EXPECT_EQ(refusal("[store]\n" + key + " = {}"),
              "c.toml:2: store." + key + ": a table, expected text, an integer or a boolean");
  }
  EXPECT_EQ(refusal("[[store.memory]]\ncapacity = 1"),
            "c.toml:1: store.memory: several tables, expected one, below a line [store.memory]");
  EXPECT_EQ(refusal("[[store.rules]]\nmatch = \"*\""),
            "c.toml:1: store.rules: unknown setting; known: backend, codec, fallback, rule; did you mean "
            "\"rule\"?");
  EXPECT_EQ(refusal("[store.rocksdb]\npath = \"x\""),
            "c.toml:1: store.backend: missing, while there are settings of \"rocksdb\"; expected backend = "
            "\"rocksdb\", or none of them");
  EXPECT_EQ(refusal("[engine]\nthreads = 1.5"),
            "c.toml:2: engine.threads: 1.5, expected text, an integer or a boolean");
  EXPECT_EQ(refusal("[engine.block]\nx = 1"),
            "c.toml:1: engine.block: a table, expected text, an integer or a boolean");
  EXPECT_EQ(refusal("[plugins]\ndirectories = \"/x\""),
            "c.toml:2: plugins.directories: \"/x\", expected a list of absolute paths");
  EXPECT_EQ(refusal("[plugins]\ndirectories = [\"x\"]"),
            "c.toml:2: plugins.directories: \"x\", expected an absolute path");
  EXPECT_EQ(refusal("[plugins]\nprefer = { zstd = 2024-01-02 }"),
            "c.toml:2: plugins.prefer.zstd: 2024-01-02, expected the name of an implementation");
  EXPECT_EQ(refusal("[store]\nrule = [1]"),
            "c.toml:2: store.rule: a list, expected tables, each below a line [[store.rule]]");
}

TEST(StoreConfigTest, AllMistakesAreToldAtOnce) {
  const std::string message = refusal("[engine]\nblok = 1\n[store]\ncodek = \"lz4\"\n");
  EXPECT_THAT(message, HasSubstr("c.toml:2: engine.blok: "));
  EXPECT_THAT(message, HasSubstr("c.toml:4: store.codek: "));
}

TEST(StoreConfigTest, WhatIsNotTomlNamesItsLine) {
  EXPECT_THAT(refusal("[store]\nbackend = \n"), StartsWith("c.toml:2: "));
}

TEST(StoreConfigTest, AFileThatIsNotThereIsNamed) {
  const Result<StoreConfig> config = StoreConfig::from_file("/nonexistent/cinch.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code(), StatusCode::io_error);
  EXPECT_EQ(config.error().message(),
            "/nonexistent/cinch.toml: cannot be read as a config file: No such file or directory");
}

TEST(StoreConfigTest, UrlsNameBackendAndPath) {
  EXPECT_EQ(StoreConfig::from_url("memory:")->backend, "memory");
  EXPECT_TRUE(StoreConfig::from_url("memory:")->settings.all().empty());
  const Result<StoreConfig> config = StoreConfig::from_url("rocksdb:/a:b");
  EXPECT_EQ(config->backend, "rocksdb");
  EXPECT_EQ(config->settings.text("path", "").value(), "/a:b");
  EXPECT_EQ(StoreConfig::from_url("memory").status().code(), StatusCode::invalid_argument);
  EXPECT_EQ(StoreConfig::from_url(":x").status().code(), StatusCode::invalid_argument);
}

TEST(OpenStoreTest, OpensWhatTheConfigNames) {
  StoreConfig config;
  config.codec = "zstd:level=2";
  const auto store = open_store(config);
  ASSERT_TRUE(store) << store.status().to_string();
  ASSERT_TRUE((*store)->set("k", "v").ok());
  EXPECT_EQ((*(*store)->get("k"))->text(), "v");
  EXPECT_EQ((*store)->codec()->format().spec(), "zstd:level=2");
}

TEST(OpenStoreTest, MisspelledNamesGetTheNearestKnownOne) {
  StoreConfig config;
  config.backend = "memroy";
  EXPECT_THAT(open_store(config).status().message(), HasSubstr("did you mean \"memory\""));
  config = {};
  config.codec = "zsdt";
  EXPECT_THAT(open_store(config).status().message(), HasSubstr("did you mean \"zstd\""));
}

TEST(OpenStoreTest, AHostsOwnBackendIsFoundByItsName) {
  BackendRegistry backends = bundled_backends();
  const auto open = [](const Settings& settings) -> Result<std::shared_ptr<KvStore>> {
    if (Status status = settings.only({"path"}); !status.ok()) return status;
    return bundled_backends().open("memory", {});
  };
  ASSERT_TRUE(backends.add("mine", open).ok());
  EXPECT_EQ(backends.add("mine", open).code(), StatusCode::invalid_argument);
  const auto store = open_store(*StoreConfig::from_url("mine:x"), backends, default_registry());
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_TRUE((*store)->set("k", "v").ok());
}

}  // namespace
}  // namespace cinch
