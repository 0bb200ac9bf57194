#include "cinch/status.hpp"

namespace cinch {

std::string_view to_string(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::ok: return "ok";
    case StatusCode::invalid_argument: return "invalid_argument";
    case StatusCode::too_large: return "too_large";
    case StatusCode::corruption: return "corruption";
    case StatusCode::codec_missing: return "codec_missing";
    case StatusCode::codec_misbehaved: return "codec_misbehaved";
    case StatusCode::codec_failed: return "codec_failed";
    case StatusCode::no_space: return "no_space";
    case StatusCode::locked: return "locked";
    case StatusCode::busy: return "busy";
    case StatusCode::closed: return "closed";
    case StatusCode::io_error: return "io_error";
    case StatusCode::incompatible: return "incompatible";
    case StatusCode::plugin_refused: return "plugin_refused";
    case StatusCode::unsupported: return "unsupported";
    case StatusCode::timed_out: return "timed_out";
    case StatusCode::cancelled: return "cancelled";
  }
  return "unknown";
}

std::string Status::to_string() const {
  std::string text(cinch::to_string(code()));
  if (!ok()) text.append(": ").append(message());
  return text;
}

Status Status::in(std::string_view context) const {
  if (ok()) return {};
  std::string text(context);
  text.append(": ").append(message());
  return {code(), std::move(text)};
}

Status merged(std::initializer_list<Status> statuses) {
  StatusCode code = StatusCode::ok;
  std::string messages;
  for (const Status& status : statuses) {
    if (status.ok()) continue;
    if (code == StatusCode::ok) code = status.code();
    messages.append(messages.empty() ? "" : "\n").append(status.message());
  }
  return code == StatusCode::ok ? Status() : Status(code, std::move(messages));
}

}  // namespace cinch
