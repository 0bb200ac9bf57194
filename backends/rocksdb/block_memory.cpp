#include "backends/rocksdb/block_memory.hpp"

#include <cstddef>
#include <new>

#include "cinch/buffer_pool.hpp"

namespace cinch {
namespace {

/// Precedes each block: `Deallocate` is not told the size.
struct alignas(64) Header {
  std::size_t bytes;
};

class BlockMemory final : public rocksdb::MemoryAllocator {
 public:
  const char* Name() const override { return "cinch.buffer_pool"; }

  void* Allocate(std::size_t size) override {
    const std::size_t bytes = sizeof(Header) + size;
    return new (take_buffer(bytes)) Header{bytes} + 1;
  }

  void Deallocate(void* block) override {
    Header* const header = static_cast<Header*>(block) - 1;
    give_buffer_back(header, header->bytes);
  }

  std::size_t UsableSize(void* /*block*/, std::size_t allocation_size) const override { return allocation_size; }
};

}  // namespace

std::shared_ptr<rocksdb::MemoryAllocator> make_block_memory() { return std::make_shared<BlockMemory>(); }

}  // namespace cinch
