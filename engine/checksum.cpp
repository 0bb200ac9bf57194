// libxxhash's own code, compiled here, for a prefetch that fits its speed and for a choice of vectors. libxxhash's
// run-time dispatch takes the widest there are, and in Debian 12 comes back from AVX-512 without vzeroupper: half of
// what a set of 1 KiB took on an Intel Xeon. On that processor, 256-bit multiplications slow down what comes next as
// well: decoders of ordinary code that work on 512 KiB at a time by some 5 per cent, which is more than they save.
#include "engine/checksum.hpp"

#define XXH_INLINE_ALL
#define XXH_PREFETCH_DIST 2048  // bytes; with the usual 384 it waits for what is in no cache
#include <xxhash.h>

#include "engine/checksum_avx2.hpp"

namespace cinch {

std::uint64_t checksum(ByteView bytes, [[maybe_unused]] Vectors vectors) noexcept {
#if defined(__x86_64__)
  if (vectors == Vectors::wide && __builtin_cpu_supports("avx2")) return xxh3_avx2(bytes.data(), bytes.size());
#endif
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t checksum_for_key(ByteView bytes, std::string_view key) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), XXH3_64bits(key.data(), key.size()));
}

}  // namespace cinch
