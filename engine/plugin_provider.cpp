#include "engine/plugin_provider.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "cinch/log.hpp"
#include "engine/plugin_call.hpp"
#include "engine/printable.hpp"

namespace cinch {
namespace {

constexpr std::size_t max_parameter_bytes = 64 << 10;
constexpr std::size_t max_target = 31;
constexpr std::uint64_t min_block = 64 << 10;  // limits of the length that a codec asks for
constexpr std::uint64_t max_block = 64 << 20;

class PluginProvider final : public CodecProvider {
 public:
  PluginProvider(const ProviderTable& table, ProviderInfo info) : table_(table), info_(std::move(info)) {}

  const ProviderInfo& info() const noexcept override { return info_; }

  Result<std::string> canonical(std::string_view options) const override {
    std::string out(256, '\0');
    for (;;) {
      std::size_t length = SIZE_MAX;
      cinch_err_v1 error = no_error();
      const Result<std::int32_t> code =
          call(info_.format, "params_canonical", table_.functions.params_canonical, table_.provider, options.data(),
               options.size(), out.data(), out.size(), &length, &error);
      if (!code) return conviction_->judge(code.error());
      if (*code == CINCH_DST_TOO_SMALL && length > out.size() && length <= max_parameter_bytes) {
        out.resize(length);
        continue;
      }
      if (*code != CINCH_OK) {
        if (*code == CINCH_INVALID_ARG || *code == CINCH_PARAMS_UNSUPPORTED) {
          return Status(StatusCode::invalid_argument, info_.format + ": " + message_of(error, *code));
        }
        return Status(StatusCode::codec_failed, describe(info_.format, "parameters", error, *code));
      }
      if (length > out.size()) {
        return conviction_->judge(
            {StatusCode::codec_misbehaved, info_.format + ": params_canonical overran its buffer"});
      }
      out.resize(length);
      if (!is_printable(out)) {
        return conviction_->judge(
            {StatusCode::codec_misbehaved, info_.format + ": params_canonical gives what is no text"});
      }
      return out;
    }
  }

  Result<std::shared_ptr<const Codec>> open(std::uint16_t major, std::uint16_t minor,
                                            std::string_view parameters) const override {
    const bool is_own = major == info_.major && minor == info_.minor;
    const bool is_newer = major > info_.major || (major == info_.major && minor > info_.minor);
    if (is_newer || major < info_.decodes_major_min) {
      return Status(StatusCode::codec_missing, info_.implementation + " reads versions " +
                                                   std::to_string(info_.decodes_major_min) + " to " +
                                                   std::to_string(info_.major) + "." + std::to_string(info_.minor));
    }
    CodecTraits traits = info_.traits;
    traits.block_bytes = wanted_block(parameters);
    traits.encodes = traits.encodes && is_own;  // it always writes its newest version
    auto codec = std::make_shared<PluginCodec>(table_, FormatId{info_.format, major, minor, std::string(parameters)},
                                               traits, conviction_);
    if (traits.decodes) {
      if (Status status = codec->prepare_decoder(); !status.ok()) return conviction_->judge(std::move(status));
    }
    return std::shared_ptr<const Codec>(std::move(codec));
  }

 private:
  std::uint64_t wanted_block(std::string_view parameters) const {
    if (!table_.functions.block_bytes) return 0;
    const Result<std::uint64_t> bytes = call(info_.format, "block_bytes", table_.functions.block_bytes, table_.provider,
                                             parameters.data(), parameters.size());
    return bytes && *bytes != 0 ? std::clamp(*bytes, min_block, max_block) : 0;
  }

  const ProviderTable table_;
  const ProviderInfo info_;
  const std::shared_ptr<PluginCodec::Conviction> conviction_ = std::make_shared<PluginCodec::Conviction>();
};

/// The function that is missing; empty if none is.
std::string_view missing_function(const cinch_provider_v1& table) {
  if (!table.params_canonical) return "params_canonical";
  if ((table.caps & CINCH_CAP_ENCODE) != 0) {
    if (!table.bound) return "bound";
    if (!table.enc_open) return "enc_open";
    if (!table.enc_close) return "enc_close";
    if (!table.enc_run) return "enc_run";
  }
  if ((table.caps & CINCH_CAP_DECODE) != 0) {
    if (!table.dec_open) return "dec_open";
    if (!table.dec_close) return "dec_close";
    if (!table.dec_run) return "dec_run";
  }
  if ((table.caps & CINCH_CAP_LOSSY) != 0 && !table.measure) return "measure";
  const bool plans[] = {table.plan_bound != nullptr, table.plan != nullptr, table.plan_open != nullptr,
                        table.plan_close != nullptr};
  if (std::ranges::count(plans, true) % 4 != 0) return "one of plan_bound, plan, plan_open, plan_close";
  return {};
}

bool same_text(const char* text, const std::string& expected) {
  return text && std::strncmp(text, expected.c_str(), expected.size() + 1) == 0;
}

}  // namespace

Result<ProviderTable> check_table(const cinch_provider_v1* provider, const DeclaredProvider& declared) {
  const ProviderInfo& info = declared.info;
  const auto broken = [&info](std::string_view what) {
    return refused("contract_broken", info.format + ": " + std::string(what));
  };
  if (!provider) return broken("its table is NULL");
  constexpr std::size_t least = offsetof(cinch_provider_v1, plan_bound);
  if (provider->struct_size < least || provider->struct_size % alignof(cinch_provider_v1) != 0) {
    return broken("its table says that it has " + std::to_string(provider->struct_size) + " bytes, expected " +
                  std::to_string(least) + " or more");
  }
  ProviderTable table;
  table.provider = provider;
  std::memcpy(&table.functions, provider, std::min<std::size_t>(provider->struct_size, sizeof table.functions));
  const cinch_provider_v1& found = table.functions;
  if (!same_text(found.format_id, info.format) || !same_text(found.impl_id, info.implementation) ||
      found.format_major != info.major || found.format_minor_max != info.minor || found.caps != declared.caps) {
    return broken("its table differs from its manifest in an id, the version or the capabilities");
  }
  if (const std::string_view missing = missing_function(found); !missing.empty()) {
    return broken("its table lacks " + std::string(missing));
  }
  return table;
}

std::shared_ptr<const CodecProvider> make_plugin_provider(const ProviderTable& table, ProviderInfo info) {
  if (table.functions.target) {
    const Result<const char*> target = call(info.format, "target", table.functions.target, table.provider);
    if (target && *target) info.target = printable({*target, strnlen(*target, max_target)});
    info.traits.wide_vectors = info.target.starts_with("avx");
  }
  return std::make_shared<const PluginProvider>(table, std::move(info));
}

}  // namespace cinch
