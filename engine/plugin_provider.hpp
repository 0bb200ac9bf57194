/// A plugin's provider as a `CodecProvider`, once its table was found good.
#pragma once

#include <memory>

#include "cinch/codec.hpp"
#include "cinch/codec_plugin.h"
#include "engine/plugin_codec.hpp"
#include "engine/plugin_file.hpp"

namespace cinch {

/// Takes over a table once it agrees with what the manifest declared and has every function that it needs.
/// Errors: `plugin_refused` ("contract_broken: …").
Result<ProviderTable> check_table(const cinch_provider_v1* provider, const DeclaredProvider& declared);

/// Requires: the table was checked, and the plugin stays loaded.
std::shared_ptr<const CodecProvider> make_plugin_provider(const ProviderTable& table, ProviderInfo info);

}  // namespace cinch
