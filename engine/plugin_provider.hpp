/// Checks a plugin's provider tables and makes `CodecProvider`s of them.
#pragma once

#include <memory>

#include "cinch/codec.hpp"
#include "cinch/codec_plugin.h"
#include "engine/plugin_codec.hpp"
#include "engine/plugin_file.hpp"

namespace cinch {

/// Copies a table if it agrees with the manifest and has every function that it needs.
/// Errors: `plugin_refused` ("contract_broken: …").
Result<ProviderTable> check_table(const cinch_provider_v1* provider, const DeclaredProvider& declared);

/// Requires: the table is from `check_table`, and the plugin stays loaded.
std::shared_ptr<const CodecProvider> make_plugin_provider(const ProviderTable& table, ProviderInfo info);

}  // namespace cinch
