/// What a closed database leaves in its directory, so that the next opening sees whether it is all still there.
#pragma once

#include <cstdint>
#include <string>

#include "cinch/status.hpp"

namespace cinch {

/// RocksDB names a new manifest at every opening for writing: evidence of another manifest is out of date, not wrong.
struct FilesLeft {
  std::uint64_t manifest_number = 0;
  std::uint64_t manifest_hash = 0;
  std::uint64_t logs_hash = 0;  ///< Of the logs' names and sizes. Empty logs do not count: an opening makes one first.

  bool operator==(const FilesLeft&) const = default;
};

/// Errors: `io_error`, `corruption` when the file CURRENT does not name a manifest.
Result<FilesLeft> read_files_left(const std::string& directory);

}  // namespace cinch
