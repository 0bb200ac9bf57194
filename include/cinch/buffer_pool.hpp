/// Buffers that are reused from call to call, for codecs and backends.
///
/// What: malloc returns large buffers to the kernel, which clears their pages again for the next call; that takes up to
/// ten times as long as reading into them. Idle buffers are bounded, and counted in the statistics of every
/// `CompressedKvStore`. Each thread also caches a few small pieces, as malloc does, but of up to `max_small_bytes`.
/// Threads: every function from any thread. Ownership: a buffer is its taker's until it is given back.
/// Errors: `std::bad_alloc`. Units: bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cinch/export.hpp"

namespace cinch {

/// The most bytes that idle buffers may take in the whole process, unless `limit_pooled` lowers it: enough for a value
/// of 256 MiB with its guard bytes, so that reading it again takes no new pages.
inline constexpr std::size_t max_pooled_bytes = std::size_t{288} << 20;

/// Sets that limit, to `max_pooled_bytes` at most, and frees idle buffers beyond it; 0: none is kept.
CINCH_API void limit_pooled(std::size_t bytes) noexcept;

/// 64-aligned, uninitialised memory of at least `size` bytes.
CINCH_API void* take_buffer(std::size_t size);

/// Requires: `memory` came from `take_buffer(size)`.
CINCH_API void give_buffer_back(void* memory, std::size_t size) noexcept;

/// Bytes of idle buffers now, without what threads cache for themselves.
CINCH_API std::uint64_t pooled_bytes() noexcept;

/// Each thread caches pieces of up to `max_small_bytes`, `max_kept_bytes` of them at most, until it ends.
inline constexpr std::size_t max_small_bytes = std::size_t{5} << 10;
inline constexpr std::size_t max_kept_bytes = std::size_t{64} << 10;

/// Uninitialised memory, aligned as `operator new` aligns it. Of any size, but only small pieces are cached.
CINCH_API void* take_small(std::size_t size);

/// Requires: `memory` came from `take_small(size)`, on whatever thread.
CINCH_API void give_small_back(void* memory, std::size_t size) noexcept;

}  // namespace cinch
