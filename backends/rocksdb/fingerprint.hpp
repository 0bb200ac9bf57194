/// A fingerprint of a closed database's manifest and logs, so that the next opening sees whether anything is missing.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cinch/status.hpp"

namespace cinch {

/// Every opening for writing starts a new manifest: another number means out of date, not damaged.
struct Fingerprint {
  std::uint64_t manifest_number = 0;
  std::uint64_t manifest_hash = 0;
  std::uint64_t logs_hash = 0;  ///< Of the names and sizes of the logs, except empty ones: every opening makes one.

  bool operator==(const Fingerprint&) const = default;
};

/// The name of the manifest. Errors: `io_error`; `corruption` if the file CURRENT does not name one that exists.
Result<std::string> manifest_of(const std::string& directory);

/// Removes empty logs: every opening makes one, which RocksDB itself removes only at the next flush. Requires: the
/// database's lock.
void remove_empty_logs(rocksdb::Env& env, const std::string& directory);

/// The manifest and the logs that a directory holds now.
struct DirectoryState {
  std::uint64_t manifest_number = 0;
  std::uint64_t manifest_hash = 0;
  std::vector<std::uint64_t> logs_hashes;  ///< Of no log, of the oldest, of the two oldest, and so on.

  Fingerprint fingerprint() const { return {manifest_number, manifest_hash, logs_hashes.back()}; }

  /// Whether the manifest is unchanged, and so are the logs, apart from later ones: an opening that died before it
  /// named a new manifest leaves some.
  bool contains(const Fingerprint& fingerprint) const;
};

/// Errors: those of `manifest_of`.
Result<DirectoryState> read_directory_state(const std::string& directory);

}  // namespace cinch
