/// `StoreConfig`: which store to open and how, from a TOML file, a URL, or by hand; and `open_store`.
///
/// Threads: plain values. Ownership: an opened store is the caller's. Errors: `invalid_argument` that reads
/// "FILE:LINE: KEY: …". Units: bytes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/backend_registry.hpp"
#include "cinch/codec_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "cinch/export.hpp"
#include "cinch/settings.hpp"

namespace cinch {

inline constexpr unsigned max_threads = 1024;                        ///< Of a store.
inline constexpr std::int64_t max_head_dim = std::int64_t{1} << 32;  ///< Of a layout.

struct StoreConfig {
  /// Plugin directories besides the installed library's own, absolute.
  std::vector<std::string> plugin_directories;
  /// Format to implementation, where two plugins provide one format. A name that no plugin has is a mistake.
  std::map<std::string, std::string> prefer;

  std::string backend = "memory";
  Settings settings;          ///< The backend's own.
  std::string codec = "lz4";  ///< A spec; "raw" for none.
  CompressedOptions compressed;
  /// Threads that work on blocks and batches, the caller's included; 0: one for each hardware thread. Ignored if
  /// `compressed.workers` is set.
  unsigned threads = 0;

  /// Settings in the file of backends that are not chosen: checked, except for missing settings, and not used.
  std::map<std::string, Settings> other_settings;
  /// Where a key such as "store.codec" or "store.rule[0].match" was given: "FILE:LINE", "--codec". Messages begin with
  /// it. Keys without an entry have their defaults.
  std::map<std::string, std::string, std::less<>> origins;

  /// Reads TOML; tools/examples/cinch.toml has all keys. Errors: `io_error`; `invalid_argument` that lists every
  /// mistake of the file (if it is no TOML, only the first). A file with a mistake is also put through `check_config`,
  /// with these backends and the plugins of the file's directories, which are loaded for that, so that one message has
  /// all; any other file is left to `open_store`.
  CINCH_API static Result<StoreConfig> from_file(const std::string& path,
                                                 const BackendRegistry& backends = bundled_backends());
  CINCH_API static Result<StoreConfig> from_toml(std::string_view text, std::string_view name = "config",
                                                 const BackendRegistry& backends = bundled_backends());

  /// "memory:", "rocksdb:DIR", or "NAME:" of a host's own backend; the text after the colon is the setting `path`.
  CINCH_API static Result<StoreConfig> from_url(std::string_view url);
};

/// The codecs of a config: the bundled ones and those of its directories. `reports()` has plugins that were refused.
CINCH_API CodecRegistry open_codecs(const StoreConfig& config);

/// Checks all that can be checked without opening: codecs, backend, their settings, rules. Errors: `invalid_argument`
/// with a line "ORIGIN: KEY: …" for each mistake.
CINCH_API Status check_config(const StoreConfig& config, const BackendRegistry& backends, const CodecRegistry& codecs);

/// One key of a resolved config.
struct ConfigEntry {
  std::string key;
  std::string value;   ///< As TOML writes it.
  std::string origin;  ///< "default" where it was not given.
};

/// Every key, defaults included, in the order of the documentation. A block length that is not given is the codec's; if
/// `codecs` do not have the codec, that key is left out.
CINCH_API std::vector<ConfigEntry> describe_config(const StoreConfig& config, const BackendRegistry& backends,
                                                   const CodecRegistry& codecs);

/// Opens what the config names. Errors: those of `check_config` and of the backend. With `codecs`, the config's plugin
/// settings are ignored.
CINCH_API Result<std::shared_ptr<CompressedKvStore>> open_store(const StoreConfig& config);
CINCH_API Result<std::shared_ptr<CompressedKvStore>> open_store(const StoreConfig& config,
                                                                const BackendRegistry& backends,
                                                                const CodecRegistry& codecs);

}  // namespace cinch
