/// A codec reference for the duration of a call.
#pragma once

#include <memory>
#include <utility>

#include "cinch/codec.hpp"

namespace cinch {

/// A codec, or none: borrowed where something else keeps the codec alive, owned where it was looked up. Borrowing
/// avoids the shared reference count, for whose cache line threads would contend.
class CodecRef {
 public:
  CodecRef() = default;
  /// Borrows. Requires: `codec` outlives the result and does not change.
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
