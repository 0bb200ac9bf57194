#include "engine/raw_codec.hpp"

#include <cstring>

namespace cinch {
namespace {

constexpr CodecTraits raw_traits{.encodes = true, .decodes = true, .deterministic = true};

class RawCodec final : public Codec {
 public:
  RawCodec() : Codec({std::string(raw_format), 1, 0, ""}, raw_traits, std::make_shared<Conviction>()) {}

 private:
  Result<std::size_t> do_bound(std::size_t, const TensorShape*) const override { return std::size_t{0}; }

  // Always declines; the engine then stores the block as it is.
  Result<std::optional<std::size_t>> do_compress(const BlockSlice&, const PlanState*, ByteView,
                                                 MutableBytes) const override {
    return std::optional<std::size_t>();
  }

  Status do_decompress(const BlockSlice&, const PlanState*, ByteView encoded, MutableBytes to) const override {
    if (encoded.size() != to.size()) {
      return {StatusCode::corruption,
              "raw: " + std::to_string(encoded.size()) + " bytes stored, expected " + std::to_string(to.size())};
    }
    if (!to.empty()) std::memcpy(to.data(), encoded.data(), to.size());
    return {};
  }
};

class RawProvider final : public CodecProvider {
 public:
  const ProviderInfo& info() const noexcept override { return info_; }

  Result<std::string> canonical(std::string_view options) const override {
    if (options.empty()) return std::string();
    return Status(StatusCode::invalid_argument, "raw: takes no parameters, \"" + std::string(options) + "\" given");
  }

  Result<std::shared_ptr<const Codec>> open(std::uint16_t major, std::uint16_t minor,
                                            std::string_view parameters) const override {
    if (major == info_.major && minor == info_.minor && parameters.empty()) return codec_;
    return Status(StatusCode::codec_missing, "raw: only version 1.0 without parameters is known");
  }

 private:
  ProviderInfo info_{std::string(raw_format), 1, 0, 1, "cinch.raw", "built in", raw_traits};
  std::shared_ptr<const Codec> codec_ = std::make_shared<RawCodec>();
};

}  // namespace

std::shared_ptr<const CodecProvider> raw_provider() {
  // Never destroyed: static destructors may still use it.
  static const auto& provider = *new std::shared_ptr<const CodecProvider>(std::make_shared<const RawProvider>());
  return provider;
}

}  // namespace cinch
