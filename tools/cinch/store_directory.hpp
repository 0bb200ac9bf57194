/// Stores that lie in a directory, in which nothing else may lie.
#pragma once

#include <filesystem>

#include "cinch/status.hpp"
#include "cinch/store_config.hpp"

namespace cinch::tool {

/// Where a store lies that lies in a directory, links followed, also one that leads to nothing yet. Errors:
/// `unsupported` for any other store; `io_error`.
Result<std::filesystem::path> directory_of(const StoreConfig& config);

/// Errors: `invalid_argument` when a directory that is to be made would lie in a store's.
Status check_outside(const std::filesystem::path& directory, const std::filesystem::path& store);

}  // namespace cinch::tool
