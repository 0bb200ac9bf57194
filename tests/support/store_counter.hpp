/// What a store counts.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

#include "cinch/kv_store.hpp"

namespace cinch::test {

/// 0, and a failed test, where the store has no such counter.
inline std::uint64_t counter(KvStore& store, std::string_view name) {
  for (const auto& [known, value] : store.stats().counters) {
    if (known == name) return value;
  }
  ADD_FAILURE() << "no counter " << name;
  return 0;
}

}  // namespace cinch::test
