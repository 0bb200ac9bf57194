/// Rules, ready to be asked for a key.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "cinch/codec_registry.hpp"
#include "cinch/rule.hpp"
#include "engine/glob.hpp"

namespace cinch {

/// A codec for values that another cannot take. Errors: `invalid_argument` for a lossy one too.
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

  /// What is wrong with the first rule that cannot be followed.
  const Status& status() const noexcept { return status_; }

  /// The first rule that matches, or null.
  const Entry* find(std::string_view key) const noexcept;

 private:
  std::vector<Entry> entries_;
  Status status_;
};

}  // namespace cinch
