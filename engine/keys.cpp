// Keys as printable text, and back.
#include "cinch/keys.hpp"

#include "engine/hex.hpp"

namespace cinch {

std::string escape_key(std::string_view key) {
  std::string out;
  out.reserve(key.size());
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += {'\\', 'x', hex_digits[byte >> 4], hex_digits[byte & 15]};
    }
  }
  return out;
}

Result<std::string> unescape_key(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (text.substr(i, 2) == "\\\\") {
      out += '\\';
      ++i;
      continue;
    }
    const std::string_view escape = text.substr(i, 4);
    const int high = escape.size() == 4 && escape[1] == 'x' ? hex_value(escape[2]) : -1;
    const int low = high >= 0 ? hex_value(escape[3]) : -1;
    if (low < 0) {
      return Status(StatusCode::invalid_argument, "key: unknown escape at byte " + std::to_string(i) +
                                                      ", expected \\\\ or \\xHH with two hexadecimal digits");
    }
    out += static_cast<char>(high * 16 + low);
    i += 3;
  }
  return out;
}

std::string describe_key(std::string_view key) {
  constexpr std::size_t max_shown = 256;
  if (key.size() <= max_shown) return "key \"" + escape_key(key) + '"';
  return "key \"" + escape_key(key.substr(0, max_shown)) + "\"... of " + std::to_string(key.size()) + " bytes";
}

}  // namespace cinch
