/// A codec for the time of a call.
#pragma once

#include <memory>
#include <utility>

#include "cinch/codec.hpp"

namespace cinch {

/// A codec, or none: one that somebody else holds meanwhile, or a share in one that was looked up. A share is counted
/// in the codec, where threads wait for each other's cache lines.
class CodecRef {
 public:
  CodecRef() = default;
  /// Requires: `codec` outlives what this gives, and stays as it is.
  static CodecRef held(const std::shared_ptr<const Codec>& codec) noexcept {
    CodecRef ref;
    ref.held_ = &codec;
    return ref;
  }
  static CodecRef owned(std::shared_ptr<const Codec> codec) noexcept {
    CodecRef ref;
    ref.owned_ = std::move(codec);
    return ref;
  }

  const std::shared_ptr<const Codec>& share() const noexcept { return held_ ? *held_ : owned_; }
  const Codec* get() const noexcept { return share().get(); }
  const Codec& operator*() const noexcept { return *get(); }
  const Codec* operator->() const noexcept { return get(); }

 private:
  const std::shared_ptr<const Codec>* held_ = nullptr;
  std::shared_ptr<const Codec> owned_;
};

}  // namespace cinch
