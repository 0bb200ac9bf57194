// Compiles libxxhash's code itself, to set its prefetch distance and to choose the vectors: xxHash's run-time dispatch
// takes the widest there are, which slows down the code after it for a while on Intel processors.
// bench/README.md has figures.
#include "engine/checksum.hpp"

#define XXH_INLINE_ALL
#if defined(__x86_64__)
#define XXH_VECTOR XXH_SSE2  // whatever the compiler may use otherwise
#endif
#include <xxhash.h>

#include "engine/checksum_avx2.hpp"

namespace cinch {

std::uint64_t checksum(ByteView bytes, [[maybe_unused]] Vectors vectors) noexcept {
#if defined(CINCH_HAS_AVX2)
  if (__builtin_cpu_supports("avx2")) {
    if (vectors == Vectors::wide || !__builtin_cpu_is("intel")) return xxh3_avx2(bytes.data(), bytes.size());
    clear_upper_halves();
  }
#endif
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t seeded_checksum(ByteView bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t checksum_for_key(ByteView bytes, std::string_view key) noexcept {
  return seeded_checksum(bytes, XXH3_64bits(key.data(), key.size()));
}

}  // namespace cinch
