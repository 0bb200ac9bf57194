// verify: every value is read, as `get` reads it, or, shallow, as it is stored.
#include "cinch/keys.hpp"
#include "commands.hpp"
#include "json_writer.hpp"
#include "output.hpp"
#include "session.hpp"
#include "sidecar.hpp"
#include "unread.hpp"
#include "walk.hpp"

namespace cinch::tool {
namespace {

struct Findings {
  std::uint64_t values = 0;
  std::uint64_t ok = 0;
  std::uint64_t lost_writes = 0;
  Unread unread;
  std::optional<std::string> next;   // the key to go on with, when it was interrupted
  std::optional<std::string> error;  // why it ended before the last key

  ExitStatus exit() const noexcept { return lost_writes != 0 ? ExitStatus::damaged : unread.exit(); }
};

/// Answers how many stored bytes were read.
Result<std::uint64_t> check(CompressedKvStore& store, const std::string& key, bool shallow, Findings& findings) {
  const Result<std::optional<Head>> head = store.inner()->head(key, 0);
  const std::uint64_t bytes = head && *head ? (*head)->size : 0;
  const GetResult value = shallow ? store.get_frame(key) : store.get(key);
  if (value && !*value) return bytes;  // gone since it was listed
  // The header that import hides is checked like a value, and counted only when it is damaged.
  const bool counts = !is_sidecar(key) || !value;
  if (counts) ++findings.values;
  if (value) {
    if (counts) ++findings.ok;
    return bytes;
  }
  if (!findings.unread.note(value.error(), key)) return about_key(value.error(), key);
  return bytes;
}

std::string verify_report(const Options& options, const Findings& findings) {
  if (options.json) {
    JsonWriter json;
    json.begin_object().field("values", findings.values).field("ok", findings.ok);
    findings.unread.write(json);
    json.field("lost_writes", findings.lost_writes).field("interrupted", findings.next.has_value());
    json.field("next", findings.next).field("error", findings.error);
    return json.end_object().document();
  }
  const Unread& unread = findings.unread;
  Table table({">values", ">ok", ">corrupt", ">codec missing", ">failed"});
  table.row({std::to_string(findings.values), std::to_string(findings.ok), std::to_string(unread.corrupt().size()),
             std::to_string(unread.codec_missing().size()), std::to_string(unread.failed().size())});
  return table.text();
}

}  // namespace

ExitStatus verify_values(const Options& options) {
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(options, Access::read);
  if (!store) return fail(store.error());
  Findings findings;
  const auto visit = [&](const std::string& key) { return check(**store, key, options.shallow, findings); };
  const WalkOptions walking{"verify", options.prefix, options.from, options.bytes_per_second, options.quiet};
  const Walked walked = walk(**store, walking, visit);
  if (walked.next) {
    findings.next = escape_key(*walked.next);
    const std::string prefix = options.prefix.empty() ? "" : ' ' + shell_word(escape_key(options.prefix));
    print_error("interrupted; go on with: verify" + prefix + " --from " + shell_word(*findings.next));
  }
  if (!walked.status.ok()) findings.error = walked.status.message();
  if (findings.values == 0 && !walked.next && walked.status.ok() && (options.from || !options.prefix.empty())) {
    print_error("no key was there to check");
  }
  findings.lost_writes = (*store)->stats().lost_writes;
  const ExitStatus printed = print(verify_report(options, findings));
  const ExitStatus ended = walked.status.ok() ? printed : fail(walked.status);
  return graver(findings.exit(), ended);
}

}  // namespace cinch::tool
