/// Detects that the process was forked after a database was opened: RocksDB's threads do not exist in the child, and
/// any call into it may hang or overwrite the parent's files.
#pragma once

#include <cstdint>

namespace cinch {

/// 0; in children forked after the first call, another number.
std::uint64_t fork_generation() noexcept;

}  // namespace cinch
