/// Stores as the report opens them, and checks that they give back what was set.
#pragma once

#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/report.hpp"
#include "cinch/store_config.hpp"

namespace cinch::bench {

inline std::shared_ptr<CompressedKvStore> open_or_throw(const StoreConfig& config) {
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(config);
  if (!store) throw std::runtime_error(store.error().to_string());
  return *store;
}

/// A store in memory.
inline std::shared_ptr<CompressedKvStore> memory_store(const std::string& codec, unsigned threads = 1,
                                                       Verify verify = Verify::always) {
  StoreConfig config;
  config.codec = codec;
  config.threads = threads;
  config.compressed.verify = verify;
  return open_or_throw(config);
}

inline void require(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.to_string());
}

inline Value must_get(KvStore& store, std::string_view key) {
  GetResult value = store.get(key);
  if (!value) throw std::runtime_error(value.error().to_string());
  if (!*value) throw std::runtime_error(std::string(key) + " is not there");
  return std::move(**value);
}

/// The key of one of many small values.
inline std::string key_of(std::size_t number) { return "user:" + std::to_string(number); }

/// So many keys of the first `count`, in an order that no cache foresees.
inline std::vector<std::string> random_keys(std::size_t calls, std::size_t count, std::mt19937_64& random) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < calls; ++i) out.push_back(key_of(random() % count));
  return out;
}

/// Sets the value and checks that it comes back.
inline void set_and_check(Report& report, KvStore& store, std::string_view key, ByteView value) {
  require(store.set(key, value));
  if (as_text(must_get(store, key).bytes()) != as_text(value)) report.wrong(std::string(key) + " came back other");
}

}  // namespace cinch::bench
