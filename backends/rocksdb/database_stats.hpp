/// RocksDB's statistics as `StoreStats`.
#pragma once

#include "backends/rocksdb/database.hpp"
#include "cinch/kv_store.hpp"

namespace cinch {

StoreStats read_stats(const Database& database);

/// How much a flush would write.
std::uint64_t memtable_bytes(const Database& database);

}  // namespace cinch
