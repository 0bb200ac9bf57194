/// What an import stored, by rule and codec.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cinch/compressed_kv_store.hpp"
#include "loss.hpp"

namespace cinch::tool {

/// Whether the fallback encoded a value, because the chosen codec could not take it or did not make it smaller.
bool fell_back(const SetChoice& choice, const FrameInfo& info);

class ImportSummary {
 public:
  /// The values of one rule that one codec encoded.
  struct Part {
    std::string rule;   ///< Its glob; empty: no rule matched.
    std::string codec;  ///< A spec.
    bool is_fallback = false;
    std::uint64_t tensors = 0;
    std::uint64_t raw_bytes = 0;
    std::uint64_t stored_bytes = 0;
    LossTotals loss;
  };

  /// How a value was set, and what came of it.
  void add(const SetChoice& choice, const FrameInfo& info);

  const Part& total() const noexcept { return total_; }

  /// Whether there is more to tell than the total.
  bool has_news() const;
  std::string table() const;
  void write(JsonWriter& json) const;

 private:
  Part total_;
  std::vector<Part> parts_;  // in the order in which they were met first
};

}  // namespace cinch::tool
