/// `Settings`: the options of one backend as a config names them, `[store.rocksdb] path = "…"`.
///
/// What: keys with text, integer or boolean values, read by the backend that owns them. Threads, ownership: a plain
/// value. Errors: `invalid_argument` that names the key, what was given and what was expected. Units: at each function.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "cinch/export.hpp"
#include "cinch/status.hpp"

namespace cinch {

struct SettingInfo;

class CINCH_API Settings {
 public:
  using Setting = std::variant<std::string, std::int64_t, bool>;

  Settings() = default;
  Settings(std::initializer_list<std::pair<const std::string, Setting>> settings) : settings_(settings) {}

  void set(std::string key, Setting value) { settings_[std::move(key)] = std::move(value); }
  bool has(std::string_view key) const { return settings_.find(key) != settings_.end(); }

  Result<std::string> text(std::string_view key, std::string_view default_value) const;
  Result<std::int64_t> integer(std::string_view key, std::int64_t default_value) const;
  Result<bool> boolean(std::string_view key, bool default_value) const;

  /// A size: an integer of bytes, or text such as "4GiB", "200 MB", "0".
  Result<std::uint64_t> size(std::string_view key, std::uint64_t default_value) const;

  /// One of `choices`.
  Result<std::string> choice(std::string_view key, std::initializer_list<std::string_view> choices,
                             std::string_view default_value) const;

  /// Milliseconds: text such as "90s", "1h", "7d", "500ms"; "0".
  Result<std::chrono::milliseconds> duration(std::string_view key, std::chrono::milliseconds default_value) const;

  /// `invalid_argument` for keys that are not among `known`, a line each with the nearest known one.
  Status only(std::span<const std::string_view> known) const;
  Status only(std::initializer_list<std::string_view> known) const { return only({known.begin(), known.end()}); }
  Status only(std::span<const SettingInfo> known) const;

  /// These, completed by the defaults of `known`.
  Settings with_defaults(std::span<const SettingInfo> known) const;

  const std::map<std::string, Setting, std::less<>>& all() const noexcept { return settings_; }

 private:
  std::map<std::string, Setting, std::less<>> settings_;
};

/// A setting that a backend takes, as a config shows it.
struct SettingInfo {
  std::string name;
  Settings::Setting default_value;  ///< Empty text: it has to be given.
};

/// A setting as TOML writes it: `"text"`, 42, true.
CINCH_API std::string to_toml(const Settings::Setting& setting);

/// "4GiB", "256 KiB", "1000", "2MB" to bytes: KiB, MiB, GiB, TiB are powers of 1024, KB, MB, GB, TB of 1000.
CINCH_API Result<std::uint64_t> parse_size(std::string_view text);

/// The same bytes in the largest unit of 1024s that needs no fraction: "4GiB", "1000".
CINCH_API std::string format_size(std::uint64_t bytes);

/// "500ms", "90s", "15m", "1h", "7d" to milliseconds; "0" needs no unit. Not negative.
CINCH_API Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The same time in the largest unit that needs no fraction.
CINCH_API std::string format_duration(std::chrono::milliseconds duration);

/// The entry of `known` that is most like `name`; empty when none is similar enough to be meant.
CINCH_API std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known);

/// The end of a message about an unknown name: `; did you mean "zstd"?`, or nothing.
CINCH_API std::string suggestion_for(std::string_view name, std::span<const std::string_view> known);

}  // namespace cinch
