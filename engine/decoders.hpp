/// Finds the codecs that read frames.
#pragma once

#include <memory>
#include <utility>

#include "cinch/codec_registry.hpp"
#include "engine/codec_ref.hpp"

namespace cinch {

/// A registry's, of which one is usual: it is found without the registry's lock and without a share in it, so that
/// threads that read do not wait for each other's cache lines. Requires: the registry does not change, and outlives
/// this.
class Decoders {
 public:
  Decoders(const CodecRegistry& codecs) noexcept : codecs_(codecs) {}  // NOLINT(google-explicit-constructor)
  /// One that cannot be opened now is looked for whenever it is asked for.
  Decoders(const CodecRegistry& codecs, FormatId usual)
      : codecs_(codecs), format_(std::move(usual)), usual_(codecs.decoder(format_).value_or(nullptr)) {}

  /// To be used no longer than this. Errors: `CodecRegistry::decoder`'s.
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
