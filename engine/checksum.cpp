// libxxhash's own code, compiled here, for a prefetch that fits its speed and for a choice of vectors: its run-time
// dispatch takes the widest there are, after which other code is slower for a while on processors by Intel.
// bench/README.md has figures.
#include "engine/checksum.hpp"

#define XXH_INLINE_ALL
#if defined(__x86_64__)
#define XXH_VECTOR XXH_SSE2  // whatever the compiler may use
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
