#include "engine/rule_set.hpp"

#include <algorithm>

namespace cinch {

Result<Rule> parse_rule(std::string_view text) {
  const std::size_t split = text.find('=');
  if (split == std::string_view::npos || split == 0 || split + 1 == text.size()) {
    return Status(StatusCode::invalid_argument,
                  "rule \"" + std::string(text) + "\": expected GLOB=SPEC, such as \"logs/*=raw\"");
  }
  if (Result<Glob> glob = Glob::parse(text.substr(0, split)); !glob) return glob.error();
  Rule rule;
  rule.match = text.substr(0, split);
  rule.codec = text.substr(split + 1);
  return rule;
}

Result<std::shared_ptr<const Codec>> fallback_codec(std::string_view spec, const CodecRegistry& codecs) {
  Result<std::shared_ptr<const Codec>> codec = codecs.codec(spec);
  if (codec && (*codec)->traits().lossy) {
    return Status(StatusCode::invalid_argument, std::string(spec) + " is lossy, and what falls back never becomes so");
  }
  return codec;
}

Result<TensorShape> shape_of(const TensorOfBytes& tensor, std::uint64_t bytes) {
  std::vector<std::uint64_t> dims = tensor.dims;
  TensorLayout layout = tensor.layout;
  if (dims.empty())
    dims = layout.head_dim ? std::vector<std::uint64_t>{0, 1, *layout.head_dim} : std::vector<std::uint64_t>{0};
  const auto unknown = std::ranges::find(dims, 0u);
  if (unknown != dims.end()) *unknown = 1;  // what such a tensor takes has to divide the bytes there are
  Result<TensorShape> shape = make_tensor(tensor.dtype, dims, layout.token_axis);
  if (!shape) return shape;
  const std::uint64_t unit = *tensor_bytes(*shape);
  const bool fits = unknown == dims.end() ? bytes == unit : unit > 0 && bytes % unit == 0;
  if (!fits) {
    return Status(StatusCode::invalid_argument, "the value has " + std::to_string(bytes) + " bytes, expected " +
                                                    (unknown == dims.end() ? "" : "a multiple of ") +
                                                    std::to_string(unit) + " for a tensor " + to_string(*shape));
  }
  if (unknown != dims.end()) shape->dims[static_cast<std::size_t>(unknown - dims.begin())] = bytes / unit;
  return with_layout(*shape, layout);
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
