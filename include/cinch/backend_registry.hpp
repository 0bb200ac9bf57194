/// `BackendRegistry`: backends by their name in a config.
///
/// What: a value, not a singleton. Threads: `const` functions concurrently; `add` needs the object to itself.
/// Ownership: an opened store is the caller's. Errors: at each function.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/export.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/settings.hpp"
#include "cinch/status.hpp"

namespace cinch {

/// Opens a store of one kind. Refuses settings it does not know (`Settings::only`).
using BackendFactory = std::function<Result<std::shared_ptr<KvStore>>(const Settings&)>;

/// What a config needs to know of a backend before it is opened.
struct BackendInfo {
  std::vector<SettingInfo> settings;
  /// Checks settings and nothing else: a line "KEY: …" for each mistake.
  std::function<Status(const Settings&)> check;
};

class CINCH_API BackendRegistry {
 public:
  /// Errors: `invalid_argument` when the name is taken.
  Status add(std::string name, BackendFactory factory, BackendInfo info = {});

  /// Registers the name of a backend that this build lacks, so that opening it says why. Errors: as `add`.
  Status add_unavailable(std::string name, std::string why_not);

  /// Errors: `invalid_argument` for an unknown name (lists the known, suggests the nearest), `unsupported` for one that
  /// this build lacks, and those of the factory.
  Result<std::shared_ptr<KvStore>> open(std::string_view name, const Settings& settings) const;

  /// The `info` given to `add`. Errors: as `open` for the name.
  Result<BackendInfo> info(std::string_view name) const;

  /// The names of backends that can be opened, sorted.
  std::vector<std::string_view> names() const;

 private:
  struct Entry {
    BackendFactory factory;
    BackendInfo info;
    std::string why_not;
  };
  Result<const Entry*> find(std::string_view name) const;

  std::map<std::string, Entry, std::less<>> entries_;
};

/// The backends that come with cinch: a copy, to which you can add your own.
CINCH_API BackendRegistry bundled_backends();

}  // namespace cinch
