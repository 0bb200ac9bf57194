/// The checksums of frames: XXH3, 64 bits (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
#pragma once

#include <cstdint>
#include <string_view>

#include "cinch/bytes.hpp"

namespace cinch {

/// The width of the vectors to compute a checksum with; the result is the same.
enum class Vectors : std::uint8_t {
  narrow,  ///< 128 bits on processors where wider vectors would slow down the code around them, which uses none.
  wide,    ///< The widest that pay: for bytes that nothing else works on, or beside code that uses wide vectors itself.
};

std::uint64_t checksum(ByteView bytes, Vectors vectors = Vectors::narrow) noexcept;

/// With a seed; `checksum` has seed 0.
std::uint64_t seeded_checksum(ByteView bytes, std::uint64_t seed) noexcept;

/// Seeded with the key, so that what was stored under one key does not verify under another.
std::uint64_t checksum_for_key(ByteView bytes, std::string_view key) noexcept;

}  // namespace cinch
