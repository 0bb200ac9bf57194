/// Calls through the function pointers of a plugin: no exception gets past them, every failure becomes a `Status`.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "cinch/codec_plugin.h"
#include "cinch/status.hpp"

namespace cinch {

/// An error for a plugin to fill: empty, with nothing behind the end of its text cleared, which takes a while.
inline cinch_err_v1 no_error() {
  cinch_err_v1 error;
  error.struct_size = sizeof error;
  error.code = error.plugin_code = 0;
  error.reserved = 0;
  error.byte_offset = 0;
  error.message[0] = '\0';
  return error;
}

/// What the plugin says, in printable characters.
std::string message_of(const cinch_err_v1& error);

/// "FORMAT: enc_run: MESSAGE", with what a plugin may have put there made fit to be shown.
std::string describe(std::string_view format, std::string_view call, const cinch_err_v1& error, std::int32_t code);

/// What a call works on. What is stored may be damaged, or of a version or with parameters that the plugin does not
/// know; with all else a plugin that says so has failed by itself.
enum class CallOn { stored, fresh };

/// The status for a plugin's result code.
StatusCode status_code(CallOn on, std::int32_t code) noexcept;

/// Calls into a plugin. An exception that comes out is a breach of contract, and ends here. It only can because the
/// function types of the header are not `noexcept`.
template <class Function, class... Arguments>
Result<std::invoke_result_t<Function*, Arguments...>> call(std::string_view format, std::string_view name,
                                                           Function* function, Arguments... arguments) {
  try {
    return function(arguments...);
  } catch (...) {
    return Status(StatusCode::codec_misbehaved, std::string(format) + ": " + std::string(name) + " threw an exception");
  }
}

/// The same for a call that either works or explains itself in `error`.
template <class Function, class... Arguments>
Status checked_call(CallOn on, std::string_view format, std::string_view name, Function* function,
                    const cinch_err_v1& error, Arguments... arguments) {
  const Result<std::int32_t> code = call(format, name, function, arguments...);
  if (!code) return code.error();
  if (*code == CINCH_OK) return {};
  return {status_code(on, *code), describe(format, name, error, *code)};
}

void close_quietly(auto* close, auto* object) noexcept {
  try {
    close(object);
  } catch (...) {  // nobody is left to tell
  }
}

}  // namespace cinch
