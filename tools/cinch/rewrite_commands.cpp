// recompress, copy: values that are stored anew, here or elsewhere.
#include <filesystem>

#include "cinch/store_support.hpp"
#include "commands.hpp"
#include "interrupt.hpp"
#include "json_writer.hpp"
#include "output.hpp"
#include "session.hpp"
#include "sidecar.hpp"
#include "store_directory.hpp"
#include "unread.hpp"
#include "walk.hpp"

namespace cinch::tool {
namespace {

/// What went through, and what did not.
struct Tally {
  std::uint64_t values = 0;
  std::uint64_t done = 0;
  std::uint64_t already = 0;
  std::uint64_t kept = 0;      // lossy already, and losing again was not allowed
  std::uint64_t lossless = 0;  // failed because a lossy codec was chosen and not allowed
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  Unread unread;
  std::optional<std::string> error;  // why the work ended before the last key
};

std::uint64_t stored_bytes(const Result<std::optional<FrameInfo>>& info) {
  return info && *info ? (*info)->stored_bytes : 0;
}

/// Whether the codec that a value would go to is a lossy one.
bool would_lose(const CompressedKvStore& store, const std::string& key, const std::string& spec,
                const Result<std::optional<FrameInfo>>& info) {
  if (!info || !*info) return false;
  const SetOptions as_set{.codec = spec, .tensor = (*info)->shape};
  const Result<SetChoice> choice = store.choose(key, (*info)->decoded_bytes, as_set);
  return choice && choice->codec->traits().lossy;
}

Result<std::uint64_t> recompress_one(CompressedKvStore& store, const std::string& key, const std::string& spec,
                                     const RecompressOptions& allowed, Tally& tally) {
  if (is_sidecar(key)) return std::uint64_t{0};
  const Result<std::optional<FrameInfo>> info = store.inspect(key);
  const std::uint64_t before = stored_bytes(info);
  const Result<Recompressed> result = store.recompress(key, spec, allowed);
  if (result && *result == Recompressed::absent) return std::uint64_t{0};
  ++tally.values;
  if (!result) {
    const bool is_refused = result.error().code() == StatusCode::invalid_argument && !allowed.lossy;
    if (is_refused && would_lose(store, key, spec, info)) {  // told once, of all of them
      ++tally.lossless;
      tally.unread.add_failed(key);
      return before;
    }
    if (tally.unread.note(result.error(), key)) return before;
    return about_key(result.error(), key);
  }
  const std::uint64_t after = *result == Recompressed::done ? stored_bytes(store.inspect(key)) : before;
  if (*result == Recompressed::done) ++tally.done;
  if (*result == Recompressed::already) ++tally.already;
  if (*result == Recompressed::kept) ++tally.kept;
  tally.bytes_before += before;
  tally.bytes_after += after;
  return *result == Recompressed::done ? before : 0;
}

Result<std::uint64_t> copy_one(CompressedKvStore& from, CompressedKvStore& to, const std::string& key, Tally& tally) {
  const Result<std::optional<Head>> head = from.inner()->head(key, 0);
  const GetResult frame = from.get_frame(key);
  if ((head && !*head) || (frame && !*frame)) return std::uint64_t{0};  // gone since it was listed
  // The header that import hides is copied like a value, and counted only when it is left.
  const bool is_hidden = is_sidecar(key);
  if (!is_hidden) ++tally.values;
  const auto leave = [&](const Status& status) -> Result<std::uint64_t> {
    if (!tally.unread.note(status, key)) return about_key(status, key);
    if (is_hidden) ++tally.values;
    return head ? (*head)->size : std::uint64_t{0};
  };
  if (!head || !frame) return leave(head ? frame.error() : head.error());
  SetOptions options;
  if ((*head)->expires_at_ms != 0) {
    options.ttl = std::chrono::milliseconds((*head)->expires_at_ms - now_ms());
    if (options.ttl.count() <= 0) return std::uint64_t{0};
  }
  if (Status status = to.set_frame(key, (*frame)->bytes(), options); !status.ok()) return leave(status);
  if (!is_hidden) ++tally.done;
  tally.bytes_after += (*frame)->size();
  return std::uint64_t{(*frame)->size()};
}

void write_rest(JsonWriter& json, const Tally& tally) {
  tally.unread.write(json);
  json.field("interrupted", interrupted()).field("error", tally.error);
}

std::string rest(const Unread& unread) {
  std::string text;
  const auto left = [&text](const std::vector<std::string>& keys, const char* why) {
    if (!keys.empty()) text.append(", ").append(std::to_string(keys.size())).append(why);
  };
  left(unread.corrupt(), " damaged left as they are");
  left(unread.codec_missing(), " left whose codec is missing");
  left(unread.failed(), " left that failed");
  return text + (interrupted() ? "; interrupted, run it again to go on\n" : "\n");
}

ExitStatus print_recompressed(const Options& options, const Tally& tally) {
  if (options.json) {
    JsonWriter json;
    json.begin_object().field("values", tally.values).field("recompressed", tally.done);
    json.field("already", tally.already).field("kept", tally.kept).field("stored_bytes_before", tally.bytes_before);
    json.field("stored_bytes", tally.bytes_after);
    write_rest(json, tally);
    return print(json.end_object().document());
  }
  if (options.quiet) return ExitStatus::ok;
  return print(
      "recompressed " + std::to_string(tally.done) + " of " + std::to_string(tally.values) + " values, " +
      std::to_string(tally.already) + " were already: " + human_size(tally.bytes_before) + " to " +
      human_size(tally.bytes_after) +
      (tally.kept > 0 ? ", " + std::to_string(tally.kept) + " left that are lossy already; --again changes them" : "") +
      rest(tally.unread));
}

ExitStatus print_copied(const Options& options, const Tally& tally) {
  if (options.json) {
    JsonWriter json;
    json.begin_object().field("values", tally.values).field("copied", tally.done);
    json.field("stored_bytes", tally.bytes_after);
    write_rest(json, tally);
    return print(json.end_object().document());
  }
  if (options.quiet) return ExitStatus::ok;
  return print("copied " + std::to_string(tally.done) + " of " + std::to_string(tally.values) + " values, " +
               human_size(tally.bytes_after) + rest(tally.unread));
}

/// Ends a walk: closes the store that was written, and prints what was done, even if it ended early.
ExitStatus end(const Walked& walked, KvStore& store, const Options& options, Tally& tally,
               ExitStatus (*print_done)(const Options&, const Tally&)) {
  const Status closed = store.close();
  const Status& status = walked.status.ok() ? closed : walked.status;
  if (!status.ok()) tally.error = status.message();
  const ExitStatus printed = print_done(options, tally);
  const ExitStatus ended = status.ok() ? printed : fail(status);
  return graver(tally.unread.exit(), ended);
}

WalkOptions walk_options(const Options& options, const char* what) {
  WalkOptions walking;
  walking.what = what;
  walking.prefix = options.prefix;
  walking.from = options.from;
  walking.quiet = options.quiet;
  return walking;
}

bool is_same_place(const StoreConfig& a, const StoreConfig& b) {
  const Result<std::string> path_a = a.settings.text("path", "");
  const Result<std::string> path_b = b.settings.text("path", "");
  std::error_code failed;
  return a.backend == b.backend && path_a && path_b && std::filesystem::equivalent(*path_a, *path_b, failed);
}

}  // namespace

ExitStatus recompress_values(const Options& options) {
  const Result<StoreToOpen> to_open = store_to_open(options, Access::encode);
  if (!to_open) return fail(to_open.error());
  const std::string spec = options.codecs.empty() ? "" : options.codecs.front();
  if (const auto codec = to_open->codecs.codec(to_open->config.codec); codec && !spec.empty() && !options.lossy) {
    if ((*codec)->traits().lossy) {
      return fail({StatusCode::invalid_argument,
                   "recompress: " + spec + " would change the values; --lossy allows it, and losses do not come back"});
    }
  }
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(*to_open);
  if (!store) return fail(store.error());
  const bool by_rules_alone = spec.empty() && !options.config;
  const RecompressOptions allowed{.lossy = options.lossy, .again = options.again};
  Tally tally;
  const auto visit = [&](const std::string& key) -> Result<std::uint64_t> {
    if (by_rules_alone) {  // what no rule matches has no codec that was asked for
      const Result<SetChoice> choice = (*store)->choose(key, 0);
      if (choice && !choice->rule) return std::uint64_t{0};
    }
    return recompress_one(**store, key, spec, allowed, tally);
  };
  const Walked walked = walk(**store, walk_options(options, "recompress"), visit);
  if (tally.lossless > 0) {
    print_error("recompress: " + std::to_string(tally.lossless) +
                " left that a lossy codec would change; --lossy allows it, and losses do not come back");
  }
  return end(walked, **store, options, tally, print_recompressed);
}

ExitStatus copy_values(const Options& options) {
  const Result<StoreConfig> source = load_config(options);
  Options target;
  target.store = options.to;
  const Result<StoreConfig> destination = load_config(target);
  if (!source || !destination) return fail(source ? destination.error() : source.error());
  if (is_same_place(*source, *destination)) {
    return fail({StatusCode::invalid_argument, *options.to + ": is the store itself"});
  }
  const Result<std::filesystem::path> old_place = directory_of(*source), new_place = directory_of(*destination);
  if (old_place && new_place) {
    if (Status status = check_outside(*new_place, *old_place); !status.ok()) return fail(status);
  }
  Result<std::shared_ptr<CompressedKvStore>> from = open_store(options, Access::read);
  if (!from) return fail(from.error());
  target.codecs = {"raw"};  // frames go as they are
  Result<StoreToOpen> to_open = store_to_open(target, Access::create);
  if (!to_open) return fail(to_open.error());
  to_open->config.compressed.max_value_bytes = hard_max_value_bytes;  // nothing is decoded
  const Result<std::shared_ptr<CompressedKvStore>> to = open_store(*to_open);
  if (!to) return fail(to.error());
  Tally tally;
  const auto visit = [&](const std::string& key) { return copy_one(**from, **to, key, tally); };
  const Walked walked = walk(**from, walk_options(options, "copy"), visit);
  return end(walked, **to, options, tally, print_copied);
}

}  // namespace cinch::tool
