#include "engine/names.hpp"

#include <algorithm>
#include <vector>

#include "cinch/settings.hpp"

namespace cinch {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal(char a, char b) noexcept { return lower(a) == lower(b); }

/// Levenshtein distance with a swap of neighbours as one edit (optimal string alignment). Case does not matter.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = rows[i - 1][j - 1] + (equal(a[i - 1], b[j - 1]) ? 0 : 1);
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && equal(a[i - 1], b[j - 2]) && equal(a[i - 2], b[j - 1])) {
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.size()][b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known) {
  constexpr std::size_t longest = 64;  // nobody mistypes longer names, which would take quadratic time
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

bool is_identifier(std::string_view name) noexcept {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == name.npos;
}

std::string joined(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

std::string known_names(std::string_view name, std::span<const std::string_view> known) {
  return "known: " + (known.empty() ? "none" : joined(known)) + suggestion_for(name, known);
}

std::string unknown_name(std::string_view kind, std::string_view name, std::span<const std::string_view> known) {
  return std::string(kind) + " \"" + std::string(name) + "\" is not known; " + known_names(name, known);
}

}  // namespace cinch
