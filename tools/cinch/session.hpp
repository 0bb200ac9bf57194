/// Opens what the global flags name.
#pragma once

#include <memory>

#include "cinch/codec_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "cinch/store_config.hpp"
#include "options.hpp"

namespace cinch::tool {

/// Each needs more than the one before.
enum class Access {
  read,    ///< Beside a process that writes, where the backend can do that. The store has to be there.
  own,     ///< Alone; no codec to write with is needed.
  encode,  ///< Alone, with the codecs to write with.
  create,  ///< The same; the store is made where it is not there.
};

/// The config of `--config` or `--store`, with `--codec`, the rules of `--rule` before its own, and the directories of
/// `--plugins` and CINCH_PLUGIN_PATH in it. Errors: `invalid_argument`.
Result<StoreConfig> load_config(const Options& options);

/// The codecs that the flags and the config make available. Errors: `invalid_argument` for one that the user named and
/// nobody provides.
Result<CodecRegistry> load_codecs(const Options& options, const StoreConfig& config);

/// "Which store?"
Status no_store_named();

/// The store that the flags describe, checked but neither opened nor made.
struct StoreToOpen {
  StoreConfig config;
  CodecRegistry codecs;
};

/// Errors: `invalid_argument`, as without `--store` and `--config`.
Result<StoreToOpen> store_to_open(const Options& options, Access access);
/// Also tells on standard error how many writes the store is known to have lost, which nothing read later shows.
Result<std::shared_ptr<CompressedKvStore>> open_store(const StoreToOpen& store);

/// Both at once. Errors: those of the two.
Result<std::shared_ptr<CompressedKvStore>> open_store(const Options& options, Access access);

/// An empty store in memory with `codec` and the rules of the config, to measure with.
Result<std::shared_ptr<CompressedKvStore>> open_memory_store(const StoreConfig& config, const CodecRegistry& codecs,
                                                             const std::string& codec);

/// An empty store in memory that would store values as this one, to ask what it would refuse before it is made.
Result<std::shared_ptr<CompressedKvStore>> open_model(const StoreToOpen& store);

}  // namespace cinch::tool
