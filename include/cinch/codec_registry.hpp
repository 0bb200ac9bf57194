/// `CodecRegistry`: which formats can be written and read.
///
/// What: a value, not a singleton; copies are independent and share the providers. Threads: `const` functions may be
/// called concurrently; `add` and `prefer` need the object to themselves. Ownership: codecs and providers are shared.
/// Errors: at each function.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/codec.hpp"
#include "cinch/export.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// The outcome for one plugin file or directory.
struct PluginReport {
  std::string path;
  std::string plugin_id;  ///< Empty when the manifest was not readable.
  std::string version;
  std::vector<ProviderInfo> providers;  ///< What its manifest declares.
  std::string refusal;                  ///< The refusal's class, such as "bad_platform"; empty: loaded.
  std::string message;                  ///< Why, and what would help.
};

class CINCH_API CodecRegistry {
 public:
  /// Holds `raw` alone.
  CodecRegistry();
  CodecRegistry(const CodecRegistry&);
  CodecRegistry(CodecRegistry&&) noexcept;
  CodecRegistry& operator=(CodecRegistry) noexcept;
  ~CodecRegistry();

  /// Adds a provider. Errors: `plugin_refused` ("provider_conflict: …") when its format already has one, which then
  /// stays, and no preference decides; `invalid_argument` when the format's name is not of [a-z0-9._-]. Built-in
  /// formats are never replaced. Requires: `provider` is not null.
  Status add(std::shared_ptr<const CodecProvider> provider);

  /// Of two providers of `format`, takes the one with that `ProviderInfo::implementation`. Has to precede `add`.
  void prefer(std::string format, std::string implementation);

  /// Preferences for implementations that are not here: for each format why, and what is known instead.
  std::map<std::string, std::string> unmet_preferences() const;

  /// The codec that a spec names, for writing: "zstd", "zstd:level=9", "raw". Errors: `invalid_argument` for an unknown
  /// format (lists the known, suggests the nearest), unknown parameters, or a format without a decoder.
  Result<std::shared_ptr<const Codec>> codec(std::string_view spec) const;

  /// The codec that reads what was stored as `format`. Errors: `codec_missing`, which names format, version and
  /// parameters, and the providers that were refused and why.
  Result<std::shared_ptr<const Codec>> decoder(const FormatId& format) const;

  /// Sorted by format.
  std::vector<ProviderInfo> providers() const;

  /// Keeps a report of the loader, for `reports()` and for messages of `codec_missing`.
  void add_report(PluginReport report);
  const std::vector<PluginReport>& reports() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The bundled codecs, loaded at the first use from the plugin directory of the installed library and no other.
CINCH_API const CodecRegistry& default_registry();

}  // namespace cinch
