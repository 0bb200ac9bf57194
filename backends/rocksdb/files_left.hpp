/// What a closed database leaves in its directory, so that the next opening sees whether it is all still there.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cinch/status.hpp"

namespace cinch {

/// RocksDB names a new manifest at every opening for writing: evidence of another manifest is out of date, not wrong.
struct FilesLeft {
  std::uint64_t manifest_number = 0;
  std::uint64_t manifest_hash = 0;
  std::uint64_t logs_hash = 0;  ///< Of the logs' names and sizes. Empty logs do not count: an opening makes one first.

  bool operator==(const FilesLeft&) const = default;
};

/// The name of the manifest. Errors: `io_error`, `corruption` when the file CURRENT does not name one that is there.
Result<std::string> manifest_of(const std::string& directory);

/// Removes logs that hold nothing: each opening makes one, and RocksDB removes it when it next flushes. Requires: the
/// database's lock.
void remove_empty_logs(rocksdb::Env& env, const std::string& directory);

/// What is in a directory now.
struct FilesFound {
  std::uint64_t manifest_number = 0;
  std::uint64_t manifest_hash = 0;
  std::vector<std::uint64_t> logs_hashes;  ///< Of no log, of the oldest one, of the two oldest, and so on.

  FilesLeft as_left() const { return {manifest_number, manifest_hash, logs_hashes.back()}; }

  /// Whether the logs are those that were left, and perhaps later ones: of an opening that died before it named a new
  /// manifest.
  bool has_logs_of(const FilesLeft& left) const;
};

/// Errors: those of `manifest_of`.
Result<FilesFound> read_files(const std::string& directory);

}  // namespace cinch
