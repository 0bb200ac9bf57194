#include "plugins/quant/classes.hpp"

#include <utility>

namespace cinch::quant {
namespace {

constexpr std::size_t byte_class_count = 34;  // the classes before have values of a byte: at most 4 low bits

constexpr bool are_sound() {
  for (std::size_t c = 0; c < class_count; ++c) {
    const SigmaClass& each = classes[c];
    if (!rans::is_valid(each.frequencies) || each.reach > 7 || each.low_bits > max_low_bits) return false;
    if ((c < byte_class_count && each.low_bits > 4) || (c < plain_class_count && each.low_bits > 0)) return false;
    if (c > 0 && each.low_bits < classes[c - 1].low_bits) return false;
    for (unsigned s = 0; s < 16; ++s) {
      const bool is_used = s == escape || (s + each.reach >= 7 && s <= 7u + each.reach);
      if (is_used != (each.frequencies[s] > 0)) return false;
    }
  }
  return true;
}
static_assert(are_sound());

template <std::size_t... c>
constexpr ClassColumns columns_of(std::index_sequence<c...>) {
  return {{rans::TableColumns(&classes[c].frequencies[0])...}};
}

}  // namespace

constinit const ClassColumns class_columns = columns_of(std::make_index_sequence<class_count>());

std::uint8_t class_of(float mean_distance) noexcept {
  // Halfway, in quarter octaves, between the classes; a Gaussian's mean distance is 0.798 of its deviation.
  constexpr float ratio = 1.189207115f;
  float limit = 0.125f * 0.7979f * 1.0905077f;
  std::uint8_t c = 0;
  while (c + 1u < class_count && mean_distance > limit) {
    limit *= ratio;
    ++c;
  }
  return c;
}

}  // namespace cinch::quant
