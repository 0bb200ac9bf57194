#include "backends/rocksdb/missing_file.hpp"

#include <filesystem>

#include "backends/rocksdb/fingerprint.hpp"
#include "backends/rocksdb/rocksdb_status.hpp"

namespace cinch {

std::string manifest_state(const std::string& directory) {
  const Result<std::string> name = manifest_of(directory);
  if (!name) return {};
  std::error_code failed;
  const std::uintmax_t bytes = std::filesystem::file_size(std::filesystem::path(directory) / *name, failed);
  return failed ? std::string() : *name + " " + std::to_string(bytes);
}

Status from_read(const rocksdb::Status& status, std::string_view context, const RocksDbOptions& options,
                 const std::string& state) {
  if (!status.IsPathNotFound()) return from_rocksdb(status, context);
  const std::string now = manifest_state(options.path);
  if (now.empty()) return from_rocksdb(status, context);  // the whole directory is gone, perhaps with its disk
  if (options.read_only && now != state) {
    return Status(StatusCode::busy,
                  "whoever writes to the store has moved on, open it again to read (" + status.ToString() + ")")
        .in(context);
  }
  return Status(StatusCode::corruption, "a file of the database is missing: " + status.ToString()).in(context);
}

}  // namespace cinch
