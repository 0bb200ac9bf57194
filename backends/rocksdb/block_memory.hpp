/// The memory that RocksDB reads blocks of tables into: buffers of the pool, since malloc would take new pages each
/// time.
#pragma once

#include <rocksdb/memory_allocator.h>

#include <memory>

namespace cinch {

/// For a block cache, which hands it to every table that uses it.
std::shared_ptr<rocksdb::MemoryAllocator> make_block_memory();

}  // namespace cinch
