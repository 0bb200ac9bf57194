/// A codec of a plugin: the C table of `cinch/codec_plugin.h` as a `Codec`.
#pragma once

#include <memory>

#include "cinch/codec.hpp"
#include "cinch/codec_plugin.h"
#include "engine/context_pool.hpp"

namespace cinch {

/// A provider's table at its full length: functions that an older, shorter table lacks are NULL.
struct ProviderTable {
  const cinch_provider_v1* provider = nullptr;  // the plugin's own, passed to its functions
  cinch_provider_v1 functions{};
};

class PluginCodec final : public Codec {
 public:
  using Codec::Conviction;

  PluginCodec(const ProviderTable& table, FormatId format, CodecTraits traits, std::shared_ptr<Conviction> conviction);

  /// Opens a first decoder: the only way to learn whether the plugin knows this version with these parameters.
  Status prepare_decoder() const { return lend_decoder().status(); }

 private:
  Result<std::size_t> do_bound(std::size_t size, const TensorShape* shape) const override;
  Result<std::optional<std::size_t>> do_compress(const BlockSlice& slice, const PlanState* plan, ByteView block,
                                                 MutableBytes to) const override;
  Status do_decompress(const BlockSlice& slice, const PlanState* plan, ByteView encoded,
                       MutableBytes to) const override;
  Result<LossSums> do_measure(const BlockSlice& slice, ByteView original, ByteView decoded) const override;
  Result<std::optional<Plan>> do_plan(ByteView value, const TensorShape* shape,
                                      std::uint64_t block_bytes) const override;
  Result<std::shared_ptr<const PlanState>> do_open_plan(ByteView plan, const TensorShape* shape) const override;

  Result<Lent<cinch_enc_ctx>> lend_encoder() const;
  Result<Lent<cinch_dec_ctx>> lend_decoder() const;

  /// Calls `bound` or `plan_bound`.
  Result<std::size_t> ask_bound(std::string_view call_name, decltype(cinch_provider_v1::bound) function,
                                std::size_t size, const TensorShape* shape) const;

  const std::string& name() const noexcept { return format().name; }
  const std::string& parameters() const noexcept { return format().parameters; }
  const cinch_provider_v1& functions() const noexcept { return table_.functions; }
  Status breach(std::string_view what) const;

  const ProviderTable table_;
  mutable ContextPool<cinch_enc_ctx> encoders_;
  mutable ContextPool<cinch_dec_ctx> decoders_;
};

}  // namespace cinch
