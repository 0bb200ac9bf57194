#include "engine/rule_set.hpp"

#include <algorithm>

namespace cinch {

Result<Rule> parse_rule(std::string_view text) {
  const std::size_t split = text.find('=');
  if (split == std::string_view::npos || split + 1 == text.size()) {
    return Status(StatusCode::invalid_argument,
                  "rule \"" + std::string(text) + "\": expected GLOB=SPEC, such as \"logs/*=raw\"");
  }
  if (Result<Glob> glob = Glob::parse(text.substr(0, split)); !glob) return glob.error();
  Rule rule;
  rule.match = text.substr(0, split);
  rule.codec = text.substr(split + 1);
  return rule;
}

RuleSet::RuleSet(const std::vector<Rule>& rules, const CodecRegistry& codecs) {
  for (const Rule& rule : rules) {
    Result<Glob> glob = Glob::parse(rule.match);
    Result<std::shared_ptr<const Codec>> codec = std::shared_ptr<const Codec>();
    if (!rule.codec.empty()) codec = codecs.codec(rule.codec);
    status_ = !glob ? glob.error() : codec.status();
    if (status_.ok() && rule.ttl.count() < 0) status_ = {StatusCode::invalid_argument, "ttl: negative"};
    if (!status_.ok()) {
      status_ = status_.in("rule \"" + rule.match + '"');
      return;
    }
    entries_.push_back({std::move(*glob), std::move(*codec), rule.ttl, rule.block_bytes});
  }
}

const RuleSet::Entry* RuleSet::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.glob.matches(key); });
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace cinch
