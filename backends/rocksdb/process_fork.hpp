/// Tells a process that was forked from the one that opened a database: there RocksDB's threads and locks are dead, and
/// any call into it may hang or write over the parent's files.
#pragma once

#include <cstdint>

namespace cinch {

/// 0, and another number in the children that this process forks after it was first asked.
std::uint64_t fork_generation() noexcept;

}  // namespace cinch
