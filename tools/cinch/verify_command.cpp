// verify: every value is read, as `get` reads it, or, shallow, as it is stored.
#include "commands.hpp"
#include "json_writer.hpp"
#include "output.hpp"
#include "session.hpp"
#include "sidecar.hpp"

namespace cinch::tool {
namespace {

struct Findings {
  std::uint64_t values = 0;
  std::uint64_t ok = 0;
  std::vector<std::string> corrupt;  // keys as they are shown
  std::vector<std::string> codec_missing;

  ExitStatus exit() const noexcept {
    return !corrupt.empty() ? ExitStatus::damaged : !codec_missing.empty() ? ExitStatus::codec_missing : ExitStatus::ok;
  }
};

void check(CompressedKvStore& store, const std::string& key, bool shallow, Findings& findings) {
  const GetResult value = shallow ? store.get_frame(key) : store.get(key);
  if (value && !*value) return;  // gone since it was listed
  // The header that import hides is checked like a value, and counted only when it is damaged.
  const bool counts = !is_sidecar(key);
  if (counts) ++findings.values;
  if (value) {
    if (counts) ++findings.ok;
    return;
  }
  print_error(about_key(value.error(), key).message());
  const bool missing = value.error().code() == StatusCode::codec_missing;
  (missing ? findings.codec_missing : findings.corrupt).push_back(escape_key(key));
}

std::string report(const Options& options, const Findings& findings) {
  if (options.json) {
    return JsonWriter()
        .begin_object()
        .field("values", findings.values)
        .field("ok", findings.ok)
        .field("corrupt", findings.corrupt)
        .field("codec_missing", findings.codec_missing)
        .end_object()
        .document();
  }
  Table table({">values", ">ok", ">damaged", ">codec missing"});
  table.row({std::to_string(findings.values), std::to_string(findings.ok), std::to_string(findings.corrupt.size()),
             std::to_string(findings.codec_missing.size())});
  return table.text();
}

}  // namespace

ExitStatus verify_values(const Options& options) {
  Result<std::shared_ptr<CompressedKvStore>> store = open_store(options, Access::read);
  if (!store) return fail(store.error());
  Findings findings;
  const auto visit = [&](const std::string& key) -> Status {
    check(**store, key, options.shallow, findings);
    return {};
  };
  if (Status status = for_each_key(**store, options.prefix, visit); !status.ok()) return fail(status);
  const ExitStatus printed = print(report(options, findings));
  return printed == ExitStatus::ok ? findings.exit() : printed;
}

}  // namespace cinch::tool
