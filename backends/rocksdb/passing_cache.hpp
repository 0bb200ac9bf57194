/// The block cache of the `data` column family: keeps indexes and filters in another cache, but lends values without
/// keeping them.
///
/// RocksDB hands out a value without a copy only if its block is in a cache. In an ordinary cache large values would
/// evict indexes, although the page cache has the values anyway.
#pragma once

#include <rocksdb/cache.h>

#include <memory>

namespace cinch {

/// Indexes and filters lie in `kept` and are charged there; values are in its table, at no charge, only while
/// referenced. Blocks are read into memory of its allocator.
std::shared_ptr<rocksdb::Cache> make_passing_cache(const std::shared_ptr<rocksdb::Cache>& kept);

}  // namespace cinch
