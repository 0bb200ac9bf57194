#include "store_directory.hpp"

#include <algorithm>

#include "files.hpp"
#include "system_error.hpp"

namespace cinch::tool {

namespace fs = std::filesystem;

Result<fs::path> directory_of(const StoreConfig& config) {
  const Result<std::string> path = config.settings.text("path", "");
  if (!path) return path.error();
  if (path->empty()) {
    return Status(StatusCode::unsupported,
                  "a store of backend " + config.backend + " lies in no directory and cannot be restored");
  }
  std::error_code failed;
  fs::path directory = fs::absolute(*path, failed);
  if (failed) return io_error(*path, failed);
  if (!directory.has_filename()) directory = directory.parent_path();
  // A link that leads to nothing yet is not followed by weakly_canonical, and one in a ring would be for ever.
  if (!fs::exists(directory, failed) && !failed) directory = end_of_links(directory);
  directory = fs::weakly_canonical(directory, failed);
  if (failed) return io_error(*path, failed);
  return directory;
}

Status check_outside(const fs::path& directory, const fs::path& store) {
  std::error_code failed;
  const fs::path place = fs::weakly_canonical(fs::absolute(directory, failed), failed);
  const fs::path around = fs::canonical(store, failed);
  if (failed || std::ranges::mismatch(around, place).in1 != around.end()) return {};
  return {StatusCode::invalid_argument,
          directory.string() + ": lies in " + store.string() + ", expected a directory outside of the store"};
}

}  // namespace cinch::tool
