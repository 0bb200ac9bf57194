/// Memory for values on their way through a codec, kept from one call to the next: malloc gives large buffers back to
/// the kernel, which then zeroes their pages again, and that costs more than decoding into them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cinch {

/// At most so many bytes lie idle in the whole process.
inline constexpr std::size_t most_pooled_bytes = std::size_t{64} << 20;

/// 64-aligned, uninitialised memory of at least `size` bytes. Thread-safe. Throws `std::bad_alloc`.
void* take_buffer(std::size_t size);

/// Requires: `memory` came from `take_buffer(size)`.
void give_buffer_back(void* memory, std::size_t size) noexcept;

/// What lies idle now.
std::uint64_t pooled_bytes() noexcept;

}  // namespace cinch
