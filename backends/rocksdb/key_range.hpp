/// Ranges of keys, and the way past damage in one.
#pragma once

#include <rocksdb/db.h>

#include <optional>
#include <string>
#include <string_view>

namespace cinch {

/// The first key after all that start with `prefix`; empty when there is none such.
std::string end_of(std::string_view prefix);

/// The first key behind the damage that stops an iterator after `last`; nothing when no key follows. Where there is
/// damage in more than one place, keys between two of them may be passed over. Cost: about 2000 seeks.
std::optional<std::string> first_readable_key(rocksdb::DB& database, rocksdb::ColumnFamilyHandle* family,
                                              const rocksdb::ReadOptions& read, std::string_view last);

}  // namespace cinch
