/// The file `cinch.watermark` beside those of RocksDB: the newest acknowledged write, a fingerprint of the files after
/// an orderly close, and how many writes were lost. RocksDB takes some damage for an older, shorter database; this file
/// tells one from the other.
#pragma once

#include <rocksdb/env.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "backends/rocksdb/fingerprint.hpp"

namespace cinch {

inline constexpr const char* watermark_file = "cinch.watermark";

struct WatermarkRecord {
  enum class State : std::uint32_t {
    logged = 1,    ///< Open; every acknowledged write is in the log.
    unlogged = 2,  ///< Open; writes after `sequence` may be in memory only.
    closed = 3,    ///< Closed in order; `fingerprint` is valid.
    copied = 4,    ///< A checkpoint; `fingerprint` is valid, and the log may end within a concurrent write.
  };
  State state = State::closed;
  std::uint64_t sequence = 0;     ///< RocksDB's number of the newest write that must be found again.
  std::uint64_t lost_writes = 0;  ///< How many were not found again, until the loss is accepted.
  Fingerprint fingerprint;
};

struct WatermarkFound {
  std::optional<WatermarkRecord> record;  ///< Empty if there is no file, or both of its copies are damaged.
  bool is_damaged = false;                ///< At least one copy is.
};

/// Errors: `io_error` if the file exists and cannot be opened.
Result<WatermarkFound> read_watermark(const std::string& directory);

/// Writes the file. A failure to write it fails no operation of the store; the first one is logged. Thread-safe.
class Watermark {
 public:
  /// Writes `record` at once; `failure` tells whether that worked. Borrows `env`.
  Watermark(rocksdb::Env& env, std::string directory, const WatermarkRecord& record);
  Watermark(const Watermark&) = delete;
  Watermark& operator=(const Watermark&) = delete;

  /// Every write up to `sequence` was acknowledged, or is about to be.
  void advance(std::uint64_t sequence);

  /// To be called after an orderly close of the database.
  void close(const Fingerprint& fingerprint);

  /// The first failure to write the file.
  rocksdb::Status failure() const;

  /// Logs `failure()`. Requires: it is not a success.
  void warn() const;

 private:
  rocksdb::Status open();
  rocksdb::Status write_both();
  rocksdb::Status write_copy(off_t copy);
  rocksdb::Status sync();
  void note(const rocksdb::Status& status);

  rocksdb::Env& env_;
  const std::string directory_;
  mutable std::mutex mutex_;
  std::unique_ptr<rocksdb::RandomRWFile> file_;  // null if it could not be opened
  WatermarkRecord record_;
  bool is_new_ = false;
  rocksdb::Status failure_;
};

}  // namespace cinch
