// Sizes and times with a unit, as configs and people write them.
#include <algorithm>
#include <array>
#include <charconv>

#include "cinch/settings.hpp"

namespace cinch {
namespace {

struct TimeUnit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<TimeUnit, 5> time_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

}  // namespace

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

}  // namespace cinch
