/// Every public call of a `CompressedKvStore`, to be run while something below it fails.
#pragma once

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "cinch/compressed_kv_store.hpp"

namespace cinch::test {

/// One call. `run` returns its failure, or `cancelled`, which no store returns, when it succeeded with other bytes than
/// those that were set.
struct StoreOperation {
  std::string name;
  std::function<Status(CompressedKvStore&)> run;
};

inline std::ostream& operator<<(std::ostream& out, const StoreOperation& operation) { return out << operation.name; }

using StoreContent = std::map<std::string, std::string>;

/// Sets the keys "a", "b" and "c" to tensors of three blocks that differ in the last byte, which is the key.
void fill_for_operations(CompressedKvStore& store);

/// Blocks so short that a value has several.
CompressedOptions options_for_operations();

/// All of them; each expects the store as `fill_for_operations` leaves it.
const std::vector<StoreOperation>& store_operations();

/// All keys with their values. A failure to read is a failure of the test.
StoreContent content_of(CompressedKvStore& store);

}  // namespace cinch::test
