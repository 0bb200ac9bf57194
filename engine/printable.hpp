/// Text from outside (of plugins, names of files): whether it can be shown as it is, and made so where it cannot.
#pragma once

#include <string>
#include <string_view>

namespace cinch {

/// Whether it is UTF-8 without control characters.
bool is_printable(std::string_view text) noexcept;

/// The same text with a question mark for every byte that keeps it from being so.
std::string printable(std::string_view text);

}  // namespace cinch
