/// Verifies the checksums of table blocks as they are read, in place of RocksDB: Debian's build computes XXH3 at 5
/// GB/s, which for values of some MiB takes longer than reading them from the page cache.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>

namespace cinch {

/// While one lives, this thread may read with `ReadOptions::verify_checksums` off: each of its reads from a file of
/// `make_block_checked` returns one block with a valid checksum, or fails. A failure does not prove damage, which only
/// RocksDB's own check does: the block may have another kind of checksum, or the read was not of one block.
class ScopedBlockCheck {
 public:
  ScopedBlockCheck() noexcept;
  ~ScopedBlockCheck();
  ScopedBlockCheck(const ScopedBlockCheck&) = delete;
  ScopedBlockCheck& operator=(const ScopedBlockCheck&) = delete;
};

/// `is_table`: whether the file has blocks; others, such as blob files, do not.
std::unique_ptr<rocksdb::FSRandomAccessFile> make_block_checked(std::unique_ptr<rocksdb::FSRandomAccessFile> file,
                                                                bool is_table);

}  // namespace cinch
