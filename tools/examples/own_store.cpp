// A store of your own behind cinch: wrapped by hand, and by the name that a config gives it.
#include <cinch/backend_registry.hpp>
#include <cinch/compressed_kv_store.hpp>
#include <cinch/store_config.hpp>
#include <iostream>

#include "map_kv_store.hpp"

namespace {

int fail(const cinch::Status& status) {
  std::cerr << status.message() << "\n";
  return 1;
}

}  // namespace

int main() {
  const std::string value(100'000, 'x');

  // By hand: any KvStore, and a codec by its spec.
  const auto codec = cinch::default_registry().codec("zstd:level=3");
  if (!codec) return fail(codec.error());
  const auto own = std::make_shared<MapKvStore>();
  cinch::CompressedKvStore store(own, *codec);
  if (cinch::Status status = store.set("greeting", value); !status.ok()) return fail(status);
  const auto stored = own->get("greeting");
  std::cout << value.size() << " bytes are " << (*stored)->size() << " in the store\n";

  // From a config that names it.
  cinch::BackendRegistry backends = cinch::bundled_backends();
  const cinch::Status added =
      backends.add("map", [&own](const cinch::Settings& settings) -> cinch::Result<std::shared_ptr<cinch::KvStore>> {
        if (cinch::Status status = settings.only({}); !status.ok()) return status;
        return std::shared_ptr<cinch::KvStore>(own);
      });
  if (!added.ok()) return fail(added);
  const auto config = cinch::StoreConfig::from_toml("[store]\nbackend = \"map\"\ncodec = \"lz4\"\n");
  if (!config) return fail(config.error());
  const auto opened = cinch::open_store(*config, backends, cinch::open_codecs(*config));
  if (!opened) return fail(opened.error());
  const auto found = (*opened)->get("greeting");  // written with zstd, read by a store that writes lz4
  const bool same = found && *found && (*found)->text() == value;
  std::cout << (same ? "and come back the same\n" : "and do not come back\n");
  return same ? 0 : 1;
}
