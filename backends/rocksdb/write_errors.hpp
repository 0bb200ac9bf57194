/// Errors of the disk that stop a database's writes: most often, that it is full.
#pragma once

#include <rocksdb/listener.h>

#include <memory>
#include <string>

#include "cinch/status.hpp"

namespace cinch {

/// After one nothing is written through RocksDB any more, and `DB::Resume` is never asked: when it was the log that
/// could not be written, RocksDB 7.8.3 goes on with the same log file, and Debian's build aborts on the next write. The
/// database is reopened instead. Thread-safe.
class WriteErrors {
 public:
  explicit WriteErrors(std::string path);

  /// Has RocksDB tell of its errors.
  std::shared_ptr<rocksdb::EventListener> listener() const noexcept;

  /// The first one; success when there was none.
  Status first() const;

 private:
  class Listener;

  const std::shared_ptr<Listener> errors_;
};

}  // namespace cinch
