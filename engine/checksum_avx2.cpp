// Compiles the hash alone for AVX2: the linker might take AVX2 copies of other inline functions for the whole program.
#if defined(CINCH_HAS_AVX2)
#define XXH_INLINE_ALL
#define XXH_VECTOR XXH_AVX2
#include "engine/checksum_avx2.hpp"

#include <xxhash.h>

namespace cinch {

std::uint64_t xxh3_avx2(const void* bytes, std::size_t size) noexcept { return XXH3_64bits(bytes, size); }

void clear_upper_halves() noexcept { __builtin_ia32_vzeroupper(); }

}  // namespace cinch
#endif
