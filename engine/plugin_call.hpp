/// Calls through the function pointers of a plugin: exceptions stop here, every failure becomes a `Status`.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "cinch/codec_plugin.h"
#include "cinch/status.hpp"

namespace cinch {

/// An empty error for a plugin to fill. Only the first byte of its text is cleared: clearing all 256 is measurable.
inline cinch_err_v1 no_error() {
  cinch_err_v1 error;
  error.struct_size = sizeof error;
  error.code = error.plugin_code = 0;
  error.reserved = 0;
  error.byte_offset = 0;
  error.message[0] = '\0';
  return error;
}

/// What the plugin says, in printable characters; what its result code means where it says nothing.
std::string message_of(const cinch_err_v1& error, std::int32_t code);

/// "FORMAT: enc_run: MESSAGE (code -5)"; the plugin's text in printable characters.
std::string describe(std::string_view format, std::string_view call, const cinch_err_v1& error, std::int32_t code);

/// What a call works on. Stored bytes may be damaged, or have a version or parameters that the plugin does not know; on
/// fresh data such an answer is a failure of the plugin.
enum class CallOn { stored, fresh };

/// The status for a plugin's result code.
StatusCode status_code(CallOn on, std::int32_t code) noexcept;

/// Calls a plugin's function. An exception out of it is a breach of contract, and is caught here, which is possible
/// because the header's function types are not `noexcept`.
template <class Function, class... Arguments>
Result<std::invoke_result_t<Function*, Arguments...>> call(std::string_view format, std::string_view name,
                                                           Function* function, Arguments... arguments) {
  try {
    return function(arguments...);
  } catch (...) {
    return Status(StatusCode::codec_misbehaved, std::string(format) + ": " + std::string(name) + " threw an exception");
  }
}

/// The same for a function that returns a code and, on failure, explains itself in `error`.
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
  } catch (...) {  // there is nobody to report it to
  }
}

}  // namespace cinch
