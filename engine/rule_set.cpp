#include "engine/rule_set.hpp"

#include <algorithm>

namespace cinch {

Result<std::shared_ptr<const Codec>> fallback_codec(std::string_view spec, const CodecRegistry& codecs) {
  Result<std::shared_ptr<const Codec>> codec = codecs.codec(spec);
  if (codec && (*codec)->traits().lossy) {
    return Status(StatusCode::invalid_argument, std::string(spec) + " is lossy, and what falls back never becomes so");
  }
  return codec;
}

RuleSet::RuleSet(const std::vector<Rule>& rules, const CodecRegistry& codecs) {
  for (const Rule& rule : rules) {
    Result<Glob> glob = Glob::parse(rule.match);
    Result<std::shared_ptr<const Codec>> codec = std::shared_ptr<const Codec>();
    if (!rule.codec.empty()) codec = codecs.codec(rule.codec);
    Result<std::shared_ptr<const Codec>> fallback = std::shared_ptr<const Codec>();
    if (!rule.fallback.empty()) fallback = fallback_codec(rule.fallback, codecs);
    status_ = !glob ? glob.error() : !codec ? codec.error() : fallback.status();
    if (status_.ok() && rule.ttl.count() < 0) status_ = {StatusCode::invalid_argument, "ttl: negative"};
    if (!status_.ok()) {
      status_ = status_.in("rule \"" + rule.match + '"');
      return;
    }
    entries_.push_back({std::move(*glob), std::move(*codec), std::move(*fallback), rule});
  }
}

const RuleSet::Entry* RuleSet::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.glob.matches(key); });
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace cinch
