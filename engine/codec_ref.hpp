/// Who works with a codec for one call.
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
  /// Requires: what `held` points to outlives this, and stays as it is.
  explicit CodecRef(const std::shared_ptr<const Codec>* held) noexcept : held_(held) {}
  explicit CodecRef(std::shared_ptr<const Codec> owned) noexcept : owned_(std::move(owned)) {}

  const std::shared_ptr<const Codec>& share() const noexcept { return held_ ? *held_ : owned_; }
  const Codec* get() const noexcept { return share().get(); }
  const Codec& operator*() const noexcept { return *get(); }
  const Codec* operator->() const noexcept { return get(); }

 private:
  const std::shared_ptr<const Codec>* held_ = nullptr;
  std::shared_ptr<const Codec> owned_;
};

}  // namespace cinch
