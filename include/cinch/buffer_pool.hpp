/// Memory for values on their way, kept from one call to the next: for codecs' buffers, and for backends.
///
/// What: malloc gives large buffers back to the kernel, which zeroes their pages again for the next call; that costs up
/// to ten times as much as reading into them. What lies idle is bounded, and counted in the statistics of every
/// `CompressedKvStore`. Each thread keeps a few small pieces for itself, as malloc does, but up to `max_small_bytes`.
/// Threads: every function from any thread. Ownership: a buffer is its taker's until it is given back.
/// Errors: `std::bad_alloc`. Units: bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cinch/export.hpp"

namespace cinch {

/// At most so many bytes lie idle in the whole process, unless `limit_pooled` says fewer: a value of 256 MiB and what
/// guards it, so that it is read again without new pages.
inline constexpr std::size_t max_pooled_bytes = std::size_t{288} << 20;

/// Lets so many bytes lie idle from now on, `max_pooled_bytes` at most, and gives back what is over it; 0: none.
CINCH_API void limit_pooled(std::size_t bytes) noexcept;

/// 64-aligned, uninitialised memory of at least `size` bytes.
CINCH_API void* take_buffer(std::size_t size);

/// Requires: `memory` came from `take_buffer(size)`.
CINCH_API void give_buffer_back(void* memory, std::size_t size) noexcept;

/// What lies idle now, but for what each thread keeps for itself.
CINCH_API std::uint64_t pooled_bytes() noexcept;

/// Pieces up to this length are kept by threads, and at most so many bytes of them by each, until it ends.
inline constexpr std::size_t max_small_bytes = std::size_t{5} << 10;
inline constexpr std::size_t max_kept_bytes = std::size_t{64} << 10;

/// Uninitialised memory of any size, aligned as `operator new` aligns it. Made for small ones; the others are malloc's.
CINCH_API void* take_small(std::size_t size);

/// Requires: `memory` came from `take_small(size)`, on whatever thread.
CINCH_API void give_small_back(void* memory, std::size_t size) noexcept;

}  // namespace cinch
