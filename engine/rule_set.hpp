/// Rules with their globs parsed and their codecs opened.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "cinch/codec_registry.hpp"
#include "cinch/rule.hpp"
#include "engine/glob.hpp"

namespace cinch {

/// The codec for values that another one cannot take. Errors: `CodecRegistry::codec`'s; `invalid_argument` if it is
/// lossy.
Result<std::shared_ptr<const Codec>> fallback_codec(std::string_view spec, const CodecRegistry& codecs);

class RuleSet {
 public:
  struct Entry {
    Glob glob;
    std::shared_ptr<const Codec> codec;     ///< Null: the store's own.
    std::shared_ptr<const Codec> fallback;  ///< Null: the store's own.
    Rule rule;
  };

  RuleSet(const std::vector<Rule>& rules, const CodecRegistry& codecs);

  /// The error of the first invalid rule.
  const Status& status() const noexcept { return status_; }

  /// The first rule that matches, or null.
  const Entry* find(std::string_view key) const noexcept;

 private:
  std::vector<Entry> entries_;
  Status status_;
};

}  // namespace cinch
