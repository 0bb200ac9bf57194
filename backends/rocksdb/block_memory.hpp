/// The memory that RocksDB reads table blocks into: buffers of the pool, because malloc would map new pages each time.
#pragma once

#include <rocksdb/memory_allocator.h>

#include <memory>

namespace cinch {

/// An allocator for a block cache, which passes it to every table that uses the cache.
std::shared_ptr<rocksdb::MemoryAllocator> make_block_memory();

}  // namespace cinch
