/// Disk errors that stop a database's writes; mostly a full disk.
#pragma once

#include <rocksdb/listener.h>

#include <memory>
#include <string>

#include "cinch/status.hpp"

namespace cinch {

/// After such an error nothing is written through RocksDB any more, and the database is reopened instead of calling
/// `DB::Resume`: if the log could not be written, RocksDB 7.8.3 would continue the same log file, and Debian's build
/// aborts on the next write. Thread-safe.
class WriteErrors {
 public:
  explicit WriteErrors(std::string path);

  /// The listener to register with RocksDB.
  std::shared_ptr<rocksdb::EventListener> listener() const noexcept;

  /// The first such error; success if there was none.
  Status first() const;

 private:
  class Listener;

  const std::shared_ptr<Listener> errors_;
};

}  // namespace cinch
