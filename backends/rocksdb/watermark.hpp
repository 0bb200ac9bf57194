/// The file `cinch.watermark` beside those of RocksDB: how far acknowledged writes had come, what an orderly close
/// left, and what was lost. RocksDB takes some damage for an older, shorter database; this tells one from the other.
#pragma once

#include <rocksdb/env.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "backends/rocksdb/files_left.hpp"

namespace cinch {

inline constexpr const char* watermark_file = "cinch.watermark";

struct WatermarkRecord {
  enum class State : std::uint32_t {
    logged = 1,    ///< Open; what was acknowledged is in the log.
    unlogged = 2,  ///< Open; writes after `sequence` may be in memory alone.
    closed = 3,    ///< In order; `left` holds.
    copied = 4,    ///< A checkpoint; `left` holds, and the log may end in the middle of a write that came meanwhile.
  };
  State state = State::closed;
  std::uint64_t sequence = 0;     ///< RocksDB's number of the newest write that has to be found again.
  std::uint64_t lost_writes = 0;  ///< Those that were not, until somebody accepts it.
  FilesLeft left;
};

struct WatermarkFound {
  std::optional<WatermarkRecord> record;  ///< Nothing when there is no file, or neither of its copies is whole.
  bool is_damaged = false;                ///< One of them is not.
};

/// Errors: `io_error` when the file is there and cannot be opened.
Result<WatermarkFound> read_watermark(const std::string& directory);

/// Writes the file. It never fails a store's work: what can no longer be written is logged, once. Thread-safe.
class Watermark {
 public:
  /// Writes `record` at once; `failure` says whether that worked. Borrows `env`.
  Watermark(rocksdb::Env& env, std::string directory, const WatermarkRecord& record);
  Watermark(const Watermark&) = delete;
  Watermark& operator=(const Watermark&) = delete;

  /// Every write up to `sequence` was acknowledged, or is about to be.
  void advance(std::uint64_t sequence);

  /// The database was closed in order.
  void close(const FilesLeft& left);

  /// The first failure to write the file.
  rocksdb::Status failure() const;

  /// Logs it. Requires: there is one.
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
  std::unique_ptr<rocksdb::RandomRWFile> file_;  // null when it could not be opened
  WatermarkRecord record_;
  bool is_new_ = false;
  rocksdb::Status failure_;
};

}  // namespace cinch
