/// Checks a table before RocksDB 7.8.3 opens it. RocksDB parses one block, the properties, before it verifies the
/// block's checksum; if damage makes that block claim a hash index, an assertion of Debian's build aborts the process.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>

namespace cinch {

/// `Corruption` for such a table, success for any other: RocksDB itself reports other damage.
rocksdb::IOStatus check_table(const rocksdb::FSRandomAccessFile& file, std::uint64_t file_bytes);

}  // namespace cinch
