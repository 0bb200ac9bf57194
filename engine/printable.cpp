#include "engine/printable.hpp"

#include <cstddef>

#include "cinch/log.hpp"

namespace cinch {
namespace {

/// The number of bytes of the first character; 0 if it is a control character or not UTF-8. Requires: not empty.
std::size_t character_bytes(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return first >= ' ' && first != 0x7f ? 1 : 0;
  if (first < 0xc0 || first >= 0xf8) return 0;
  const std::size_t bytes = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (bytes > text.size()) return 0;
  char32_t code = first & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return 0;
    code = code << 6 | (next & 0x3f);
  }
  constexpr char32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};  // smaller codes are overlong, or below 0xa0 controls
  const bool is_surrogate = code >= 0xd800 && code < 0xe000;
  return code >= least[bytes] && code < 0x110000 && !is_surrogate ? bytes : 0;
}

}  // namespace

bool is_printable(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    out += bytes == 0 ? "?" : text.substr(0, bytes);
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return out;
}

}  // namespace cinch
