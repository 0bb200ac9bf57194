/// The one way in which the library speaks: a callback that the host sets. Without one it is silent.
///
/// Threads: the callback may be called from any thread, concurrently. Ownership: the message is borrowed for the call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cinch/export.hpp"

namespace cinch {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

using LogCallback = void (*)(void* context, LogLevel level, std::string_view message);

/// Sets the callback for the process; null turns logging off. Call it once, before stores are opened: a call under way
/// on another thread may still use the callback that was set before. The callback must not throw; it is called in the
/// middle of operations, under locks of theirs, and must neither call a store nor wait for a thread that does.
CINCH_API void set_log_callback(LogCallback callback, void* context);

/// For backends and plugins' hosts: hands `message` to the callback, if one is set.
CINCH_API void log(LogLevel level, std::string_view message) noexcept;

/// Text from outside (of plugins, names of files), fit to be shown: with a question mark for every byte that is part of
/// a control character or of no UTF-8.
CINCH_API std::string printable(std::string_view text);

}  // namespace cinch
