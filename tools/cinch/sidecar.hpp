/// The hidden value that keeps the header of an imported safetensors file, so that export gives back the same bytes.
///
/// It lies under the import's prefix, raw, and is replaced by the next import there. During an import, and after
/// one that was cut short, it holds a note of that instead. Lists and counts leave it out; `verify` reads it like any
/// value.
#pragma once

#include <string>
#include <string_view>

#include "cinch/keys.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/store_support.hpp"
#include "output.hpp"

namespace cinch::tool {

inline constexpr std::string_view sidecar_suffix{"\0cinch/safetensors", 18};

inline std::string sidecar_key(std::string_view prefix) { return std::string(prefix).append(sidecar_suffix); }
inline bool is_sidecar(std::string_view key) noexcept { return key.ends_with(sidecar_suffix); }

/// The note of an import of `file` that has not come to its end. No header begins like that.
inline constexpr std::string_view unfinished_start = "unfinished import of ";
inline std::string unfinished_sidecar(std::string_view file) { return std::string(unfinished_start).append(file); }

/// Refuses keys that are too long, and those of sidecars, with `invalid_argument`.
inline Status check_value_key(std::string_view key) {
  if (!is_sidecar(key)) return check_key(key);
  return {StatusCode::invalid_argument, describe_key(key) + ": the name is kept for what import stores"};
}

}  // namespace cinch::tool
