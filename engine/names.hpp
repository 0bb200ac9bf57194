/// Names: which ones may be, lists of them, and messages about a name that is not among them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cinch {

/// Whether it can name a format or an implementation: not empty, of [a-z0-9._-].
bool is_identifier(std::string_view name) noexcept;

/// "a, b, c".
std::string joined(std::span<const std::string_view> names);

/// How a message about an unknown name ends: `known: raw, tensor; did you mean "raw"?`.
std::string known_names(std::string_view name, std::span<const std::string_view> known);

/// The whole message: `codec "rwa" is not known; known: raw, tensor; did you mean "raw"?`.
std::string unknown_name(std::string_view kind, std::string_view name, std::span<const std::string_view> known);

}  // namespace cinch
