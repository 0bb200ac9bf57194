/// The exit statuses of the tool; scripts depend on them.
#pragma once

#include "cinch/status.hpp"

namespace cinch::tool {

enum class ExitStatus : int {
  ok = 0,
  absent = 1,         ///< The key is not there.
  usage = 2,          ///< The command line, the config, or a codec that the user named and nobody provides.
  damaged = 3,        ///< Stored data do not verify.
  codec_missing = 4,  ///< A stored value needs a codec that is not loaded.
  failed = 5,         ///< Anything else.
};

/// What a failed call means to whoever ran the tool.
constexpr ExitStatus exit_status(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::ok: return ExitStatus::ok;
    case StatusCode::invalid_argument:
    case StatusCode::unsupported: return ExitStatus::usage;
    case StatusCode::corruption:
    case StatusCode::codec_misbehaved: return ExitStatus::damaged;
    case StatusCode::codec_missing: return ExitStatus::codec_missing;
    default: return ExitStatus::failed;
  }
}

/// The one of two outcomes that a command which met both ends with: damage first, a missing codec last.
constexpr ExitStatus graver(ExitStatus a, ExitStatus b) noexcept {
  constexpr auto gravity = [](ExitStatus exit) {
    switch (exit) {
      case ExitStatus::ok: return 0;
      case ExitStatus::codec_missing: return 1;
      case ExitStatus::damaged: return 3;
      default: return 2;
    }
  };
  return gravity(a) < gravity(b) ? b : a;
}

}  // namespace cinch::tool
