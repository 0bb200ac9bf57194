/// The AVX2 part of `checksum`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cinch {

// Requires: a processor with AVX2.

std::uint64_t xxh3_avx2(const void* bytes, std::size_t size) noexcept;

/// Clears the upper halves of the vector registers. If the program left something in one, the checksums of 128-bit code
/// take up to five times as long, on processors by Intel and by AMD alike.
void clear_upper_halves() noexcept;

}  // namespace cinch
