/// Stores as the report opens them, and checks that they give back what was set.
#pragma once

#include <memory>
#include <random>
#include <span>
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

/// Copies the value to the start of `to`.
inline void must_get_into(KvStore& store, std::string_view key, MutableBytes to) {
  const auto length = store.get_into(key, to);
  if (!length) throw std::runtime_error(length.error().to_string());
  if (!*length) throw std::runtime_error(std::string(key) + " is not there");
}

/// Copies the bytes from `offset` on to all of `to`.
inline void must_get_range(KvStore& store, std::string_view key, std::uint64_t offset, MutableBytes to) {
  const auto is_there = store.get_range(key, offset, to);
  if (!is_there) throw std::runtime_error(is_there.error().to_string());
  if (!*is_there) throw std::runtime_error(std::string(key) + " is not there");
}

inline std::vector<Value> must_get_all(KvStore& store, std::span<const std::string_view> keys) {
  std::vector<Value> out;
  for (GetResult& value : store.batch_get(keys)) {
    if (!value) throw std::runtime_error(value.error().to_string());
    if (!*value) throw std::runtime_error("a value of the batch is not there");
    out.push_back(std::move(**value));
  }
  return out;
}

/// The key of one of many small values.
inline std::string key_of(std::size_t number) { return "user:" + std::to_string(number); }

/// So many keys of the first `count`, in an order that no cache foresees.
inline std::vector<std::string> random_keys(std::size_t calls, std::size_t count, std::mt19937_64& random) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < calls; ++i) out.push_back(key_of(random() % count));
  return out;
}

/// Checks what came back for a key.
inline void compare(Report& report, std::string_view key, ByteView got, ByteView value) {
  if (as_text(got) != as_text(value)) report.wrong(std::string(key) + " came back different");
}

/// Sets the value and checks that it comes back.
inline void set_and_check(Report& report, KvStore& store, std::string_view key, ByteView value) {
  require(store.set(key, value));
  compare(report, key, must_get(store, key).bytes(), value);
}

}  // namespace cinch::bench
