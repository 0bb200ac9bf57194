/// What a plugin file declares, read from the file alone: none of its code is mapped or run.
#pragma once

#include <string>
#include <vector>

#include "cinch/codec_plugin.h"
#include "cinch/codec_registry.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// One provider of a manifest. `refusal`: why this host cannot use it; ok if it can.
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

/// Reads and checks the plugin file open as `fd`. `manifest` gets what was readable, after a refusal too. The file
/// cannot make it allocate more than fixed limits.
Status read_plugin_file(int fd, PluginManifest& manifest);

/// The abilities that a provider's capability bits stand for.
CodecTraits traits_of(std::uint64_t caps) noexcept;

}  // namespace cinch
