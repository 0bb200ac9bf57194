/// A look at a table before RocksDB 7.8.3 opens it. Of a table's blocks it parses one, the properties, before it
/// verifies the checksum; when damage has that claim a hash index, an assertion of Debian's build aborts the process.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>

namespace cinch {

/// `Corruption` for such a table. Any other success: RocksDB itself says what is wrong with it.
rocksdb::IOStatus check_table(const rocksdb::FSRandomAccessFile& file, std::uint64_t file_bytes);

}  // namespace cinch
