/// A sharded map of shared pointers: the least that a host would write for itself.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "cinch/bytes.hpp"

namespace cinch::bench {

class BareMap {
 public:
  using Held = std::shared_ptr<const std::vector<std::byte>>;

  void set(const std::string& key, ByteView value) {
    auto held = std::make_shared<const std::vector<std::byte>>(value.begin(), value.end());
    Shard& shard = shard_of(key);
    const std::unique_lock lock(shard.mutex);
    shard.map[key].swap(held);
  }

  /// Throws where the key is not there.
  Held get(const std::string& key) {
    Shard& shard = shard_of(key);
    const std::shared_lock lock(shard.mutex);
    const auto found = shard.map.find(key);
    if (found == shard.map.end()) throw std::runtime_error(key + " is not there");
    return found->second;
  }

 private:
  struct alignas(64) Shard {
    std::shared_mutex mutex;
    boost::unordered_flat_map<std::string, Held> map;
  };
  Shard& shard_of(const std::string& key) { return shards_[std::hash<std::string>()(key) >> 58]; }

  std::array<Shard, 64> shards_;
};

}  // namespace cinch::bench
