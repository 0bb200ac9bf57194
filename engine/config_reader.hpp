/// Reads config files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cinch/status.hpp"
#include "cinch/store_config.hpp"

namespace cinch {

struct ConfigMistake {
  unsigned line = 0;
  std::string message;  // "NAME:LINE: KEY: …"
};

/// Reads a TOML document into `config` and appends what is wrong with it to `mistakes`; with mistakes, `config` holds
/// the rest. Errors: `invalid_argument` if the text is not TOML.
Status read_config(std::string_view text, std::string_view name, StoreConfig& config,
                   std::vector<ConfigMistake>& mistakes);

}  // namespace cinch
