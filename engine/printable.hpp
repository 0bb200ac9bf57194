/// Whether text from outside can be shown as it is; `printable` (log.hpp) replaces what cannot.
#pragma once

#include <string_view>

namespace cinch {

/// Whether the text is UTF-8 without control characters.
bool is_printable(std::string_view text) noexcept;

}  // namespace cinch
