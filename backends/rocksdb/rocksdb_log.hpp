/// What RocksDB says, handed to cinch's log callback.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/listener.h>

#include <atomic>
#include <memory>
#include <string>

namespace cinch {

/// Forwards warnings and errors and writes no file. RocksDB's own logger writes into the database's directory, and in
/// builds with assertions (Debian's 7.8.3) aborts the process when the disk is full.
std::shared_ptr<rocksdb::Logger> make_rocksdb_logger(std::string path);

/// Logs an error that stopped writes, and its end; `has_failed` becomes true at the first.
std::shared_ptr<rocksdb::EventListener> make_rocksdb_listener(std::string path,
                                                              std::shared_ptr<std::atomic<bool>> has_failed);

}  // namespace cinch
