/// Tells a directory with a cinch database of this layout version from anything else.
#pragma once

#include <string>
#include <string_view>

#include "backends/rocksdb/rocksdb_options.hpp"
#include "cinch/status.hpp"

namespace cinch {

inline constexpr std::string_view layout_family = "default";
inline constexpr std::string_view meta_family = "meta";
inline constexpr std::string_view data_family = "data";
inline constexpr std::string_view layout_key = "cinch.layout";

/// Checks the directory before RocksDB may change anything in it. Succeeds for a database of cinch and, if `options`
/// allows creating one, for a place without a database.
Status check_directory(const RocksDbOptions& options);

std::string make_layout_record();

/// Errors: `incompatible` for a later version or an unknown mode, `corruption`.
Status check_layout_record(std::string_view record);

Status no_database();
Status foreign_database(std::string_view evidence);

}  // namespace cinch
