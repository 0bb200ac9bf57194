#include "cinch/store_config.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <system_error>

#include "engine/config_messages.hpp"
#include "engine/config_reader.hpp"

namespace cinch {
namespace {

/// A line of `check_config`'s; those without a line of this file come first.
ConfigMistake located(std::string_view message, std::string_view name) {
  ConfigMistake mistake{0, std::string(message)};
  if (message.starts_with(name) && message.substr(name.size()).starts_with(':')) {
    (void)std::from_chars(message.data() + name.size() + 1, message.data() + message.size(), mistake.line);
  }
  return mistake;
}

/// All mistakes, a line each, in the order of the file.
Status in_order(std::vector<ConfigMistake> mistakes) {
  std::ranges::stable_sort(mistakes, {}, &ConfigMistake::line);
  std::string messages;
  for (const ConfigMistake& mistake : mistakes) messages += (messages.empty() ? "" : "\n") + mistake.message;
  return {StatusCode::invalid_argument, std::move(messages)};
}

}  // namespace

Result<StoreConfig> StoreConfig::from_toml(std::string_view text, std::string_view name,
                                           const BackendRegistry& backends) {
  StoreConfig config;
  std::vector<ConfigMistake> mistakes;
  if (Status status = read_config(text, name, config, mistakes); !status.ok()) return status;
  if (mistakes.empty()) return config;  // `open_store` checks it
  // Mistakes that only the codecs know of are reported with the others.
  const Status status = check_config(config, backends, open_codecs(config));
  for_each_line(status.message(), [&](std::string_view line) { mistakes.push_back(located(line, name)); });
  return in_order(std::move(mistakes));
}

Result<StoreConfig> StoreConfig::from_file(const std::string& path, const BackendRegistry& backends) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 4096> chunk;
  // Not by `<<` into a stream, which ends at a read error as it does at the end of the file.
  while (file.read(chunk.data(), chunk.size()) || file.gcount() > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad()) {
    const std::string why = errno == 0 ? "" : ": " + std::generic_category().message(errno);
    return Status(StatusCode::io_error, path + ": cannot be read as a config file" + why);
  }
  return from_toml(text, path, backends);
}

Result<StoreConfig> StoreConfig::from_url(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return Status(StatusCode::invalid_argument, "store \"" + std::string(url) +
                                                    "\": expected a backend, a colon and what it takes: \"memory:\", "
                                                    "\"BACKEND:PATH\"");
  }
  StoreConfig config;
  config.backend = url.substr(0, colon);
  config.origins["store.backend"] = url;
  if (colon + 1 < url.size()) {
    config.settings.set("path", std::string(url.substr(colon + 1)));
    config.origins["store." + config.backend + ".path"] = url;
  }
  return config;
}

}  // namespace cinch
