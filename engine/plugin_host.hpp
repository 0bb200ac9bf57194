/// What the host offers to plugins: logging and memory.
#pragma once

#include <string>

#include "cinch/codec_plugin.h"

namespace cinch {

/// The table that a plugin's entry is called with. `plugin_id` begins the plugin's log messages. Requires: table and id
/// stay where they are for as long as the plugin's code may run.
cinch_host_v1 make_host(std::string& plugin_id);

}  // namespace cinch
