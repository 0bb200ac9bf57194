/// The block cache of the family of large values: it keeps indexes and filters as another cache does, and lends out
/// values without keeping them.
///
/// RocksDB hands out a value where it was read to only while its block is in a cache; of any other it makes a copy. In
/// a cache of the usual kind a large value would push out indexes, for what the page cache has anyway.
#pragma once

#include <rocksdb/cache.h>

#include <memory>

namespace cinch {

/// Indexes and filters lie in `kept` and count there; values are in its table, at no charge, only while somebody holds
/// them. Blocks are read into the memory of its allocator.
std::shared_ptr<rocksdb::Cache> make_passing_cache(const std::shared_ptr<rocksdb::Cache>& kept);

}  // namespace cinch
