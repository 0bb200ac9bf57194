#include "engine/plugin_call.hpp"

#include <cstring>

#include "cinch/log.hpp"

namespace cinch {

std::string message_of(const cinch_err_v1& error) {
  const std::string text = printable({error.message, strnlen(error.message, sizeof error.message)});
  return text.empty() ? "failed" : text;
}

std::string describe(std::string_view format, std::string_view call, const cinch_err_v1& error, std::int32_t code) {
  const std::string text = message_of(error);
  return std::string(format) + ": " + std::string(call) + ": " + text + " (code " + std::to_string(code) + ")";
}

StatusCode status_code(CallOn on, std::int32_t code) noexcept {
  if (code == CINCH_CANCELLED) return StatusCode::cancelled;
  if (on == CallOn::fresh) return StatusCode::codec_failed;
  switch (code) {
    case CINCH_CORRUPT: return StatusCode::corruption;
    case CINCH_FORMAT_UNSUPPORTED:
    case CINCH_PARAMS_UNSUPPORTED: return StatusCode::codec_missing;
    default: return StatusCode::codec_failed;
  }
}

}  // namespace cinch
