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
  /// Format to implementation, where two plugins provide one format. One that nothing follows is a mistake.
  std::map<std::string, std::string> prefer;

  std::string backend = "memory";
  Settings settings;          ///< The backend's own.
  std::string codec = "lz4";  ///< A spec; "raw" for none.
  CompressedOptions compressed;
  /// Threads that work on blocks and batches, the caller's among them; 0: as many as the machine runs at once. Not
  /// looked at when `compressed.workers` is there already.
  unsigned threads = 0;

  /// Settings of backends that are not the chosen one: a file may hold them, they are checked and not used.
  std::map<std::string, Settings> other_settings;
  /// Where a key such as "store.codec" or "store.rule[0].match" was given: "FILE:LINE", "--codec". Messages begin with
  /// it; a key that is not here has its default.
  std::map<std::string, std::string, std::less<>> origins;

  /// Reads TOML; tools/examples/cinch.toml has all keys. Errors: `io_error`; `invalid_argument` with every mistake of
  /// the file, or the first where it is no TOML. Only where it has one is `check_config` asked, with these backends and
  /// the plugins of the directories that the file names, which are loaded for that, so that its mistakes are told with
  /// the others; those of a file that reads well are told by `open_store`.
  CINCH_API static Result<StoreConfig> from_file(const std::string& path,
                                                 const BackendRegistry& backends = bundled_backends());
  CINCH_API static Result<StoreConfig> from_toml(std::string_view text, std::string_view name = "config",
                                                 const BackendRegistry& backends = bundled_backends());

  /// "memory:", "rocksdb:DIR", or "NAME:" of a backend of the host's own: what follows the colon is the setting `path`.
  CINCH_API static Result<StoreConfig> from_url(std::string_view url);
};

/// The codecs of a config: the bundled ones, and those of its directories. Plugins that were refused are in
/// `reports()`.
CINCH_API CodecRegistry open_codecs(const StoreConfig& config);

/// Everything that is wrong with a config but what only opening can show: codecs, backend, their settings, rules.
/// Errors: `invalid_argument`, a line "ORIGIN: KEY: …" each.
CINCH_API Status check_config(const StoreConfig& config, const BackendRegistry& backends, const CodecRegistry& codecs);

/// One key of a resolved config.
struct ConfigEntry {
  std::string key;
  std::string value;   ///< As TOML has it.
  std::string origin;  ///< "default" where nobody gave it.
};

/// Every key, defaults included, in the order of the documentation. Where nobody says how long blocks are, the codec is
/// asked; of one that `codecs` do not have, that key is left out.
CINCH_API std::vector<ConfigEntry> describe_config(const StoreConfig& config, const BackendRegistry& backends,
                                                   const CodecRegistry& codecs);

/// Opens what the config names. Errors: `check_config`'s, and those of the backend. With `codecs`, plugin settings of
/// the config are not looked at again.
CINCH_API Result<std::shared_ptr<CompressedKvStore>> open_store(const StoreConfig& config);
CINCH_API Result<std::shared_ptr<CompressedKvStore>> open_store(const StoreConfig& config,
                                                                const BackendRegistry& backends,
                                                                const CodecRegistry& codecs);

}  // namespace cinch
