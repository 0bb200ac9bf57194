/// Every public call of a `CompressedKvStore`, to be run while something below it fails.
#pragma once

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "cinch/compressed_kv_store.hpp"

namespace cinch::test {

/// One call. It answers the call's failure, and `cancelled`, which no store says, when the call succeeded with other
/// bytes than those that were set.
struct StoreOperation {
  std::string name;
  std::function<Status(CompressedKvStore&)> run;
};

inline std::ostream& operator<<(std::ostream& out, const StoreOperation& operation) { return out << operation.name; }

using StoreContent = std::map<std::string, std::string>;

/// The keys "a", "b" and "c" with a tensor of three blocks each; `old_value` with its last byte being the key.
void fill_for_operations(CompressedKvStore& store);

/// Blocks short enough that the values are made of several.
CompressedOptions options_for_operations();

/// All of them; each finds what `fill_for_operations` leaves.
const std::vector<StoreOperation>& store_operations();

/// All keys with their values. A failure to read is a failure of the test.
StoreContent content_of(CompressedKvStore& store);

}  // namespace cinch::test
