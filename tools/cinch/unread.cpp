#include "unread.hpp"

#include "cinch/keys.hpp"
#include "cinch/kv_store.hpp"
#include "output.hpp"

namespace cinch::tool {
namespace {

/// Whether the next value would fare no better.
bool ends_the_work(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::no_space:
    case StatusCode::locked:
    case StatusCode::closed:
    case StatusCode::incompatible:
    case StatusCode::cancelled: return true;
    default: return false;
  }
}

}  // namespace

bool Unread::note(const Status& status, const std::string& key) {
  if (ends_the_work(status.code())) return false;
  print_error(about_key(status, key).message());
  const ExitStatus exit = exit_status(status.code());
  std::vector<std::string>& keys = exit == ExitStatus::damaged         ? corrupt_
                                   : exit == ExitStatus::codec_missing ? codec_missing_
                                                                       : failed_;
  keys.push_back(escape_key(key));
  return true;
}

void Unread::add_failed(const std::string& key) { failed_.push_back(escape_key(key)); }

void Unread::write(JsonWriter& json) const {
  json.field("corrupt", corrupt_).field("codec_missing", codec_missing_).field("failed", failed_);
}

ExitStatus Unread::exit() const noexcept {
  if (!corrupt_.empty()) return ExitStatus::damaged;
  if (!failed_.empty()) return ExitStatus::failed;
  return codec_missing_.empty() ? ExitStatus::ok : ExitStatus::codec_missing;
}

}  // namespace cinch::tool
