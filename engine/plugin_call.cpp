#include "engine/plugin_call.hpp"

#include <cstring>

#include "cinch/log.hpp"

namespace cinch {
namespace {

const char* meaning_of(std::int32_t code) noexcept {
  switch (code) {
    case CINCH_INVALID_ARG: return "invalid argument";
    case CINCH_DST_TOO_SMALL: return "the output buffer is too small";
    case CINCH_CORRUPT: return "corrupt";
    case CINCH_FORMAT_UNSUPPORTED: return "unsupported version of the format";
    case CINCH_PARAMS_UNSUPPORTED: return "unsupported parameters";
    case CINCH_LIMIT: return "a limit is exceeded";
    case CINCH_NOMEM: return "out of memory";
    case CINCH_CANCELLED: return "cancelled";
    case CINCH_DEVICE: return "a device failed";
    case CINCH_INTERNAL: return "internal error";
    case CINCH_VALUE_UNSUPPORTED: return "unsupported kind of value";
    default: return "failed";
  }
}

}  // namespace

std::string message_of(const cinch_err_v1& error, std::int32_t code) {
  const std::string text = printable({error.message, strnlen(error.message, sizeof error.message)});
  return text.empty() ? meaning_of(code) : text;
}

std::string describe(std::string_view format, std::string_view call, const cinch_err_v1& error, std::int32_t code) {
  const std::string text = message_of(error, code);
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
