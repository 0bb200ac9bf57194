/// Messages of the library go to a callback of the host. Without one it is silent.
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
/// on another thread may still use the callback that was set before. The callback is called while internal locks are
/// held, so it must not throw, call a store, or wait for a thread that does.
CINCH_API void set_log_callback(LogCallback callback, void* context);

/// For backends and plugins' hosts: hands `message` to the callback, if one is set.
CINCH_API void log(LogLevel level, std::string_view message) noexcept;

/// Text from outside (of plugins, names of files), made fit to be shown: every byte of a control character, or that is
/// not UTF-8, becomes a question mark.
CINCH_API std::string printable(std::string_view text);

}  // namespace cinch
