/// The stores that the conformance suites run over: every backend, bare and under every bundled codec.
#pragma once

#include "cinch/conformance_store.hpp"
#include "cinch/store_config.hpp"
#include "tools/examples/map_kv_store.hpp"

namespace cinch::test {

inline std::shared_ptr<KvStore> open_backend(const std::string& name, const Settings& settings) {
  Result<std::shared_ptr<KvStore>> store = bundled_backends().open(name, settings);
  EXPECT_TRUE(store.has_value()) << store.status().to_string();
  return store ? *store : nullptr;
}

/// The backends, with what each promises. A new one is named here.
inline std::vector<StoreUnderTest> backends() {
  std::vector<StoreUnderTest> all;
  all.push_back({.name = "memory",
                 .open = [](const std::string&) { return open_backend("memory", {}); },
                 .has_stamps = true,
                 .closes = true});
  all.push_back({.name = "memory_with_capacity",
                 .open =
                     [](const std::string&) {
                       return open_backend("memory", {{"capacity", "256MiB"}});
                     },
                 .has_stamps = true,
                 .closes = true});
#ifdef CINCH_WITH_ROCKSDB
  for (const std::string durability : {"volatile", "process", "power"}) {
    const auto open = [durability](const std::string& directory) {
      return open_backend("rocksdb", {{"path", directory + "/db"}, {"durability", durability}});
    };
    all.push_back({.name = "rocksdb_" + durability,
                   .open = open,
                   .persistent = true,
                   .atomic_batches = true,
                   .has_stamps = true,
                   .closes = true});
  }
#endif
  all.push_back({.name = "map", .open = [](const std::string&) { return std::make_shared<MapKvStore>(); }});
  return all;
}

/// A store under a `CompressedKvStore`, which adds codecs and takes nothing away.
inline StoreUnderTest compressed(const StoreUnderTest& inner, const std::string& spec, const CompressedOptions& options,
                                 const std::string& name) {
  StoreUnderTest outer = inner;
  outer.name = name + "_over_" + inner.name;
  outer.has_codecs = true;
  outer.open = [inner, spec, options](const std::string& directory) -> std::shared_ptr<KvStore> {
    const auto codec = default_registry().codec(spec);
    EXPECT_TRUE(codec.has_value()) << codec.status().to_string();
    std::shared_ptr<KvStore> store = inner.open(directory);
    if (!codec || !store) return nullptr;
    return std::make_shared<CompressedKvStore>(store, *codec, options);
  };
  return outer;
}

inline std::vector<StoreUnderTest> stores() {
  const std::vector<StoreUnderTest> bare = backends();
  std::vector<StoreUnderTest> all = bare;
  for (const StoreUnderTest& backend : bare) {
    all.push_back(compressed(backend, "lz4", {}, "lz4"));
    if (backend.name.starts_with("memory_") || backend.name.ends_with("_power")) continue;
    all.push_back(compressed(backend, "raw", {}, "raw"));
    all.push_back(compressed(backend, "zstd", {.verify_writes = true}, "zstd_verified"));
    all.push_back(compressed(backend, "zstd", {.verify = Verify::first_read, .block_bytes = 4096}, "zstd_in_blocks"));
    all.push_back(compressed(backend, "lz4", {.block_bytes = 1024, .workers = std::make_shared<WorkerPool>(3)},
                             "lz4_on_threads"));
  }
  // Decorators compose: values are compressed once by each.
  all.push_back(compressed(compressed(bare.front(), "lz4", {}, "lz4"), "zstd", {}, "zstd"));
  return all;
}

inline std::string name_of(const testing::TestParamInfo<StoreUnderTest>& info) { return info.param.name; }

}  // namespace cinch::test
