/// `Compression`: one call each way over the two bundled byte codecs, without a store.
///
/// What: `compress` returns a frame bound to the empty key: self-describing, checksummed, and readable by every later
/// version. Threads: any. Ownership: results are the caller's. Errors: at each function. Units: bytes.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "cinch/bytes.hpp"
#include "cinch/codec_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "cinch/export.hpp"
#include "cinch/status.hpp"

namespace cinch {

enum class Compression : std::uint8_t { lz4, zstd };

/// "lz4" or "zstd": also the spec of that codec with its default parameters.
CINCH_API std::string_view as_str(Compression compression) noexcept;

/// The inverse of `as_str`, in any case of letters.
CINCH_API std::optional<Compression> parse_compression(std::string_view name) noexcept;

/// Errors: `invalid_argument` when the registry lacks the codec, `too_large`, `codec_failed`.
CINCH_API Result<std::vector<std::byte>> compress(Compression compression, ByteView data,
                                                  const CodecRegistry& codecs = default_registry());

/// Reads frames of any codec. Errors: `corruption`, `codec_missing`, `too_large` over `max_bytes`.
CINCH_API Result<std::vector<std::byte>> decompress(ByteView frame, const CodecRegistry& codecs = default_registry(),
                                                    std::uint64_t max_bytes = default_max_value_bytes);

}  // namespace cinch
