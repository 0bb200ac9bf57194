/// The checksums of frames: XXH3, 64 bits (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
#pragma once

#include <cstdint>
#include <string_view>

#include "cinch/bytes.hpp"

namespace cinch {

std::uint64_t checksum(ByteView bytes) noexcept;

/// Seeded with the key, so that what was stored under one key does not verify under another.
std::uint64_t checksum_for_key(ByteView bytes, std::string_view key) noexcept;

}  // namespace cinch
