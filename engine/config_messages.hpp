/// What messages about configs have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace cinch {

/// The key of a rule: "store.rule[0]".
inline std::string rule_key(std::size_t index) { return "store.rule[" + std::to_string(index) + "]"; }

/// Calls `take(line)` for every line of a message.
template <class Take>
void for_each_line(std::string_view message, Take&& take) {
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    take(message.substr(0, end));
    message.remove_prefix(std::min(end + 1, message.size()));
  }
}

}  // namespace cinch
