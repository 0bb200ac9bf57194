#include "cinch/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <vector>

namespace cinch {
namespace {

Status wrong(std::string_view key, const Settings::Setting& given, std::string_view expected) {
  return {StatusCode::invalid_argument,
          std::string(key) + ": " + to_toml(given) + ", expected " + std::string(expected)};
}

std::string joined(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

template <class T>
Result<T> get_as(const Settings& settings, std::string_view key, T default_value, std::string_view expected) {
  const auto found = settings.all().find(key);
  if (found == settings.all().end()) return default_value;
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  return wrong(key, found->second, expected);
}

/// Levenshtein distance with a swap of neighbours as one edit (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.size()][b.size()];
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
    messages.append(messages.empty() ? "" : "\n").append(key).append(": unknown setting, expected ");
    messages.append(known.empty() ? "none" : "one of " + joined(known));
    messages.append(suggestion_for(key, known));
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
      constexpr std::string_view hex = "0123456789ABCDEF";
      quoted.append("\\u00") += hex[static_cast<unsigned char>(c) >> 4];
      quoted += hex[c & 15];
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

Result<std::uint64_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  static constexpr std::array<Unit, 10> units{{{"", 1},
                                               {"B", 1},
                                               {"KiB", std::uint64_t{1} << 10},
                                               {"MiB", std::uint64_t{1} << 20},
                                               {"GiB", std::uint64_t{1} << 30},
                                               {"TiB", std::uint64_t{1} << 40},
                                               {"KB", 1'000},
                                               {"MB", 1'000'000},
                                               {"GB", 1'000'000'000},
                                               {"TB", 1'000'000'000'000}}};
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto* found = std::ranges::find(units, unit, &Unit::name);
  if (error != std::errc() || found == units.end() || __builtin_mul_overflow(number, found->bytes, &number)) {
    return Status(
        StatusCode::invalid_argument,
        "\"" + std::string(text) + "\" is no size; expected a number and B, KiB, MiB, GiB, TiB, KB, MB, GB or TB");
  }
  return number;
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units = {"", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes != 0 && bytes % 1024 == 0 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  return std::to_string(bytes) + units[unit];
}

namespace {

struct TimeUnit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<TimeUnit, 5> time_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto* found = std::ranges::find(time_units, unit, &TimeUnit::name);
  const bool is_zero = error == std::errc() && number == 0 && unit.empty();
  if (!is_zero && (error != std::errc() || number < 0 || found == time_units.end() ||
                   __builtin_mul_overflow(number, found->ms, &number))) {
    return Status(StatusCode::invalid_argument,
                  '"' + std::string(text) + "\" is no time; expected a number and ms, s, m, h or d");
  }
  return std::chrono::milliseconds(number);
}

std::string format_duration(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0";
  const auto* unit = std::ranges::find_if(time_units, [&](const TimeUnit& u) { return duration.count() % u.ms == 0; });
  return std::to_string(duration.count() / unit->ms) + std::string(unit->name);
}

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known) {
  constexpr std::size_t longest = 64;  // what is longer was not mistyped, and would cost quadratic time
  std::string_view best;
  if (name.empty() || name.size() > longest) return best;
  std::size_t best_distance = std::clamp<std::size_t>(name.size() / 3, 1, 3) + 1;
  for (const std::string_view candidate : known) {
    if (candidate.size() > longest) continue;
    if (const std::size_t distance = edit_distance(name, candidate); distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion_for(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view near = nearest_name(name, known);
  return near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?";
}

}  // namespace cinch
