#include "backends/rocksdb/block_check.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

#include "engine/checksum.hpp"

namespace cinch {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

thread_local bool is_checking = false;

/// Each block is followed by its compression (u8), which in tables of this backend is none, and its checksum: the lower
/// 32 bits of XXH3, which would be modified if there were a compression.
bool has_valid_checksum(const rocksdb::Slice& read) noexcept {
  std::uint32_t stored = 0;
  constexpr std::size_t trailer_bytes = 1 + sizeof stored;
  if (read.size() < trailer_bytes) return false;
  const std::size_t block_bytes = read.size() - trailer_bytes;
  std::memcpy(&stored, read.data() + block_bytes + 1, sizeof stored);
  const ByteView block = as_bytes({read.data(), block_bytes});
  return read[block_bytes] == 0 && static_cast<std::uint32_t>(checksum(block, Vectors::wide)) == stored;
}

class BlockCheckedFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  BlockCheckedFile(std::unique_ptr<rocksdb::FSRandomAccessFile> file, bool is_table)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), is_table_(is_table) {}

  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions& options, rocksdb::Slice* read, char* scratch,
                IODebugContext* debug) const override {
    if (is_checking && !is_table_) return not_verified();
    IOStatus status = FSRandomAccessFileOwnerWrapper::Read(offset, size, options, read, scratch, debug);
    return !is_checking || !status.ok() || has_valid_checksum(*read) ? status : not_verified();
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    return is_checking ? not_verified() : FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, debug);
  }
  IOStatus ReadAsync(rocksdb::FSReadRequest& request, const IOOptions& options,
                     std::function<void(const rocksdb::FSReadRequest&, void*)> done, void* argument, void** handle,
                     rocksdb::IOHandleDeleter* deleter, IODebugContext* debug) override {
    if (is_checking) return not_verified();
    return FSRandomAccessFileOwnerWrapper::ReadAsync(request, options, std::move(done), argument, handle, deleter,
                                                     debug);
  }

 private:
  static IOStatus not_verified() { return IOStatus::Corruption("not a block with the checksum XXH3"); }

  const bool is_table_;
};

}  // namespace

ScopedBlockCheck::ScopedBlockCheck() noexcept { is_checking = true; }
ScopedBlockCheck::~ScopedBlockCheck() { is_checking = false; }

std::unique_ptr<rocksdb::FSRandomAccessFile> make_block_checked(std::unique_ptr<rocksdb::FSRandomAccessFile> file,
                                                                bool is_table) {
  return std::make_unique<BlockCheckedFile>(std::move(file), is_table);
}

}  // namespace cinch
