/// Zeroed bytes in RocksDB's logs. Its reader takes a record header of type 0 and length 0 for space that was allocated
/// ahead: it passes over the rest of the block, acknowledged writes too, and reports nothing. Cinch's logs have no such
/// space, so only a torn end or damage leaves zeros there.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>
#include <string>

#include "cinch/status.hpp"

namespace cinch {

/// `file`, which is the log at `path`, with a wrong checksum in a zeroed header that anything but zeros follows: the
/// recovery mode then decides, as for any damaged record. Borrows `files`.
std::unique_ptr<rocksdb::FSSequentialFile> make_log_checked(std::unique_ptr<rocksdb::FSSequentialFile> file,
                                                            rocksdb::FileSystem& files, std::string path);

/// Whether any log of the directory has a zeroed header. Errors: `io_error`.
Result<bool> has_zeroed_log(rocksdb::FileSystem& files, const std::string& directory);

}  // namespace cinch
