/// `checksum` for processors with AVX2.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cinch {

std::uint64_t xxh3_avx2(const void* bytes, std::size_t size) noexcept;

}  // namespace cinch
