/// Compares the checksums of blocks of tables as they are read, in place of RocksDB: Debian's build computes XXH3 at
/// 5 GB/s, which for values of some MiB takes longer than to read them from the page cache.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>

namespace cinch {

/// While one lives, this thread may read with `ReadOptions::verify_checksums` off: each of its reads from a file of
/// `make_block_checked` is one block whose checksum was found right, or fails. One that fails says nothing yet: its
/// block may have been written with another checksum, or it was no block. Only RocksDB's own check tells damage.
class BlockCheck {
 public:
  BlockCheck() noexcept;
  ~BlockCheck();
  BlockCheck(const BlockCheck&) = delete;
  BlockCheck& operator=(const BlockCheck&) = delete;
};

/// `is_table`: others, such as blob files, have no blocks.
std::unique_ptr<rocksdb::FSRandomAccessFile> make_block_checked(std::unique_ptr<rocksdb::FSRandomAccessFile> file,
                                                                bool is_table);

}  // namespace cinch
