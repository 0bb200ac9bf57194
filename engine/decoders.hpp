/// Finds the codecs that decode frames.
#pragma once

#include <memory>
#include <utility>

#include "cinch/codec_registry.hpp"
#include "engine/codec_ref.hpp"

namespace cinch {

/// A registry with a one-entry cache for the usual format, which is found without the registry's lock and without a
/// reference count, so that readers do not contend. Requires: the registry does not change, and outlives this.
class Decoders {
 public:
  Decoders(const CodecRegistry& codecs) noexcept : codecs_(codecs) {}  // NOLINT(google-explicit-constructor)
  /// If the usual codec cannot be opened now, it is looked up at every call.
  Decoders(const CodecRegistry& codecs, FormatId usual)
      : codecs_(codecs), format_(std::move(usual)), usual_(codecs.decoder(format_).value_or(nullptr)) {}

  /// Whether values of the usual format can be read. Errors: `CodecRegistry::decoder`'s.
  Status check_usual() const { return usual_ ? Status() : codecs_.decoder(format_).status(); }

  /// The result must not outlive this. Errors: `CodecRegistry::decoder`'s.
  Result<CodecRef> find(const FormatId& format) const {
    if (usual_ && format == format_) return CodecRef::held(usual_);
    Result<std::shared_ptr<const Codec>> found = codecs_.decoder(format);
    if (!found) return found.error();
    return CodecRef::owned(*std::move(found));
  }

 private:
  const CodecRegistry& codecs_;
  const FormatId format_;
  const std::shared_ptr<const Codec> usual_;
};

}  // namespace cinch
