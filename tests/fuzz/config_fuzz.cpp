// Configs: TOML, URLs, and what a store opened with them makes of a key.
#include "cinch/store_config.hpp"
#include "tests/fuzz/fuzz_input.hpp"

namespace cinch {
namespace {

/// Mistakes come a line each, and each says where it is.
void check_mistakes(const Status& status) {
  fuzz::require(status.code() == StatusCode::invalid_argument, status.to_string());
  fuzz::require(!status.message().empty(), "a mistake without a message");
}

void use(const StoreConfig& config, std::string_view key) {
  fuzz::require(!describe_config(config, bundled_backends(), default_registry()).empty(), "a config without keys");
  if (Status status = check_config(config, bundled_backends(), default_registry()); !status.ok()) return;
  if (config.backend != "memory") return;  // nothing is to be left on a disk
  StoreConfig small = config;
  small.threads = 1;
  small.settings.set("capacity", "1MiB");
  const auto store = open_store(small, bundled_backends(), default_registry());
  if (!store) return;
  const std::string value(1000, 'v');
  if (!(*store)->set(key, value).ok()) return;
  const GetResult found = (*store)->get(key);
  fuzz::require(found && (!*found || (*found)->text() == value), found.status().to_string());
}

}  // namespace
}  // namespace cinch

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cinch;
  fuzz::Input input(data, size);
  const std::uint8_t kind = input.byte();
  const std::string_view key = kind >= 0x80 ? input.text() : "session/1";
  const std::string_view text = as_text(input.rest());
  const Result<StoreConfig> config = kind % 2 == 0 ? StoreConfig::from_toml(text) : StoreConfig::from_url(text);
  config ? use(*config, key) : check_mistakes(config.error());
  return 0;
}
