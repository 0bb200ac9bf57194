/// What a plugin file says of itself, read from the file alone: nothing of the plugin runs, nothing is mapped.
#pragma once

#include <string>
#include <vector>

#include "cinch/codec_plugin.h"
#include "cinch/codec_registry.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// One provider of a manifest. `refusal` says why this host cannot take it, when it cannot.
struct DeclaredProvider {
  ProviderInfo info;  // without its origin
  std::uint64_t caps = 0;
  Status refusal;
};

struct PluginManifest {
  std::string plugin_id;
  std::string version;
  std::vector<DeclaredProvider> providers;
};

/// A refusal: `plugin_refused` with "class: text" (PLUGINS.md lists the classes).
Status refused(std::string_view refusal_class, std::string_view text);

/// Reads and checks the plugin file open as `fd`. `manifest` holds as much as was readable, after a refusal too.
/// Allocates no more than limits of its own allow, whatever the file claims.
Status read_plugin_file(int fd, PluginManifest& manifest);

/// The abilities that a provider's capability bits stand for.
CodecTraits traits_of(std::uint64_t caps) noexcept;

}  // namespace cinch
