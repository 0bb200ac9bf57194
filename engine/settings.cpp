#include "cinch/settings.hpp"

#include <algorithm>
#include <vector>

#include "engine/hex.hpp"
#include "engine/names.hpp"

namespace cinch {
namespace {

Status wrong(std::string_view key, const Settings::Setting& given, std::string_view expected) {
  return {StatusCode::invalid_argument,
          std::string(key) + ": " + to_toml(given) + ", expected " + std::string(expected)};
}

template <class T>
Result<T> get_as(const Settings& settings, std::string_view key, T default_value, std::string_view expected) {
  const auto found = settings.all().find(key);
  if (found == settings.all().end()) return default_value;
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  return wrong(key, found->second, expected);
}

}  // namespace

Result<std::string> Settings::text(std::string_view key, std::string_view default_value) const {
  return get_as<std::string>(*this, key, std::string(default_value), "text");
}

Result<std::int64_t> Settings::integer(std::string_view key, std::int64_t default_value) const {
  return get_as<std::int64_t>(*this, key, default_value, "an integer");
}

Result<bool> Settings::boolean(std::string_view key, bool default_value) const {
  return get_as<bool>(*this, key, default_value, "true or false");
}

Result<std::uint64_t> Settings::size(std::string_view key, std::uint64_t default_value) const {
  const auto found = settings_.find(key);
  if (found == settings_.end()) return default_value;
  if (const auto* number = std::get_if<std::int64_t>(&found->second); number && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  if (const auto* text = std::get_if<std::string>(&found->second)) {
    if (Result<std::uint64_t> bytes = parse_size(*text)) return bytes;
  }
  return wrong(key, found->second, "a size such as \"4GiB\", or a number of bytes");
}

Result<std::string> Settings::choice(std::string_view key, std::initializer_list<std::string_view> choices,
                                     std::string_view default_value) const {
  const auto found = settings_.find(key);
  if (found == settings_.end()) return std::string(default_value);
  if (const auto* text = std::get_if<std::string>(&found->second)) {
    if (std::ranges::find(choices, *text) != choices.end()) return *text;
  }
  return wrong(key, found->second, "one of " + joined({choices.begin(), choices.end()}));
}

Result<std::chrono::milliseconds> Settings::duration(std::string_view key,
                                                     std::chrono::milliseconds default_value) const {
  const auto found = settings_.find(key);
  if (found == settings_.end()) return default_value;
  if (const auto* text = std::get_if<std::string>(&found->second)) {
    if (Result<std::chrono::milliseconds> time = parse_duration(*text)) return time;
  }
  return wrong(key, found->second, "a time such as \"90s\", \"1h\" or \"7d\"");
}

Status Settings::only(std::span<const std::string_view> known) const {
  std::string messages;
  for (const auto& [key, setting] : settings_) {
    if (std::ranges::find(known, key) != known.end()) continue;
    messages.append(messages.empty() ? "" : "\n").append(key).append(": unknown setting; ");
    messages.append(known_names(key, known));
  }
  return messages.empty() ? Status() : Status(StatusCode::invalid_argument, std::move(messages));
}

Status Settings::only(std::span<const SettingInfo> known) const {
  std::vector<std::string_view> names;
  for (const SettingInfo& info : known) names.push_back(info.name);
  return only(names);
}

Settings Settings::with_defaults(std::span<const SettingInfo> known) const {
  Settings all = *this;
  for (const SettingInfo& info : known) all.settings_.try_emplace(std::string(info.name), info.default_value);
  return all;
}

std::string to_toml(const Settings::Setting& setting) {
  if (const auto* number = std::get_if<std::int64_t>(&setting)) return std::to_string(*number);
  if (const auto* boolean = std::get_if<bool>(&setting)) return *boolean ? "true" : "false";
  std::string quoted = "\"";
  for (const char c : std::get<std::string>(setting)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted.append("\\u00") += upper_hex_digits[static_cast<unsigned char>(c) >> 4];
      quoted += upper_hex_digits[c & 15];
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace cinch
