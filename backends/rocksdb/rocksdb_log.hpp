/// Forwards RocksDB's messages to cinch's log callback.
#pragma once

#include <rocksdb/env.h>

#include <memory>
#include <string>

namespace cinch {

/// Passes on warnings and errors and writes no file. RocksDB's own logger writes to the database's directory, and in
/// builds with assertions (Debian's 7.8.3) aborts the process when the disk is full.
std::shared_ptr<rocksdb::Logger> make_rocksdb_logger(std::string path);

}  // namespace cinch
