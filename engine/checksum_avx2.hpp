/// What `checksum` does with wide vectors on x86-64.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cinch {

/// Requires: a processor with AVX2.
std::uint64_t xxh3_avx2(const void* bytes, std::size_t size) noexcept;

}  // namespace cinch
