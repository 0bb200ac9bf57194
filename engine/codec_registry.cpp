#include "cinch/codec_registry.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <shared_mutex>
#include <tuple>

#include "cinch/log.hpp"
#include "cinch/settings.hpp"
#include "engine/names.hpp"
#include "engine/printable.hpp"
#include "engine/raw_codec.hpp"

namespace cinch {
namespace {

/// Stored values decide which codecs are opened, so the cache needs a limit.
constexpr std::size_t max_cached = 64;

struct FormatLess {
  bool operator()(const FormatId& a, const FormatId& b) const noexcept {
    return std::tie(a.name, a.major, a.minor, a.parameters) < std::tie(b.name, b.major, b.minor, b.parameters);
  }
};

std::string version(std::uint16_t major, std::uint16_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

bool may_provide(const PluginReport& report, std::string_view format) {
  if (report.refusal.empty()) return false;
  if (report.providers.empty()) return true;  // what it would provide is not known
  return std::ranges::find(report.providers, format, &ProviderInfo::format) != report.providers.end();
}

}  // namespace

struct CINCH_HIDDEN CodecRegistry::State {
  State() = default;
  State(const State& other) : providers(other.providers), preferred(other.preferred), reports(other.reports) {}
  State& operator=(const State&) = delete;

  /// The codec for exactly that format, cached. Errors: the provider's.
  Result<std::shared_ptr<const Codec>> open(const CodecProvider& provider, const FormatId& format) const;

  Status missing(const FormatId& format, std::string_view why) const;

  /// A message: that no codec has that name, the names there are, and the refused plugins that may provide it.
  std::string unknown(std::string_view format) const;

  /// Appends the refused plugins that may provide the format, and why they were refused.
  void add_refusals(std::string_view format, std::string& message) const;

  std::map<std::string, std::shared_ptr<const CodecProvider>, std::less<>> providers;
  std::map<std::string, std::string, std::less<>> preferred;
  std::vector<PluginReport> reports;

  mutable std::shared_mutex cache_mutex;
  mutable std::map<FormatId, std::shared_ptr<const Codec>, FormatLess> cache;  // by cache_mutex
};

Result<std::shared_ptr<const Codec>> CodecRegistry::State::open(const CodecProvider& provider,
                                                                const FormatId& format) const {
  {
    const std::shared_lock lock(cache_mutex);
    if (const auto found = cache.find(format); found != cache.end()) return found->second;
  }
  Result<std::shared_ptr<const Codec>> opened = provider.open(format.major, format.minor, format.parameters);
  if (!opened) return opened;
  const std::unique_lock lock(cache_mutex);
  if (cache.size() >= max_cached) cache.clear();  // codecs in use are shared by their users, and soon cached again
  return cache.emplace(format, *std::move(opened)).first->second;
}

Status CodecRegistry::State::missing(const FormatId& format, std::string_view why) const {
  std::string message = format.name + " " + version(format.major, format.minor);
  if (!format.parameters.empty()) message.append(" (").append(format.parameters).append(")");
  message.append(": ").append(why);
  add_refusals(format.name, message);
  return {StatusCode::codec_missing, std::move(message)};
}

std::string CodecRegistry::State::unknown(std::string_view format) const {
  std::vector<std::string_view> known;
  for (const auto& [name, provider] : providers) known.push_back(name);
  std::string message = unknown_name("codec", format, known);
  add_refusals(format, message);
  return message;
}

void CodecRegistry::State::add_refusals(std::string_view format, std::string& message) const {
  for (const PluginReport& report : reports) {
    if (!may_provide(report, format)) continue;
    message.append("; refused ").append(report.path).append(": ").append(report.refusal);
    message.append(": ").append(report.message);
  }
}

CodecRegistry::CodecRegistry() : state_(std::make_unique<State>()) {
  const std::shared_ptr<const CodecProvider> raw = raw_provider();
  state_->providers.emplace(raw->info().format, raw);
}

CodecRegistry::CodecRegistry(const CodecRegistry& other) : state_(std::make_unique<State>(*other.state_)) {}
CodecRegistry::CodecRegistry(CodecRegistry&&) noexcept = default;
CodecRegistry& CodecRegistry::operator=(CodecRegistry other) noexcept {
  state_.swap(other.state_);
  return *this;
}
CodecRegistry::~CodecRegistry() = default;

Status CodecRegistry::add(std::shared_ptr<const CodecProvider> provider) {
  const ProviderInfo& info = provider->info();
  if (!is_identifier(info.format)) {
    return {StatusCode::invalid_argument,
            "codec \"" + printable(info.format) + "\": its name has to be of the characters a-z, 0-9, '.', '_', '-'"};
  }
  const auto [entry, added] = state_->providers.emplace(info.format, provider);
  if (added || entry->second == provider) return {};
  const ProviderInfo& first = entry->second->info();
  const bool built_in = entry->second == raw_provider();
  const auto preference = state_->preferred.find(info.format);
  if (!built_in && preference != state_->preferred.end()) {
    if (first.implementation == preference->second) return {};
    if (info.implementation == preference->second) {
      entry->second = std::move(provider);
      const std::unique_lock lock(state_->cache_mutex);
      state_->cache.clear();
      return {};
    }
  }
  return {StatusCode::plugin_refused,
          "provider_conflict: " + info.format + " of " + info.implementation + " is provided by " +
              first.implementation + " (" + first.origin + ") already; " +
              (built_in                                      ? "what is built in is never replaced"
               : first.implementation == info.implementation ? "it is the same implementation"
                                                             : "a config's `prefer` decides between two")};
}

void CodecRegistry::prefer(std::string format, std::string implementation) {
  state_->preferred.insert_or_assign(std::move(format), std::move(implementation));
}

std::map<std::string, std::string> CodecRegistry::unmet_preferences() const {
  std::map<std::string, std::string> unmet;
  for (const auto& [format, implementation] : state_->preferred) {
    const auto found = state_->providers.find(format);
    if (found == state_->providers.end()) {
      unmet.emplace(format, state_->unknown(format));
      continue;
    }
    const ProviderInfo& info = found->second->info();
    if (info.implementation == implementation) continue;
    const std::array<std::string_view, 1> known = {info.implementation};
    std::string message =
        '"' + implementation + "\" does not provide it here, " + info.implementation + " (" + info.origin + ") does";
    message.append(suggestion_for(implementation, known));
    state_->add_refusals(format, message);
    unmet.emplace(format, std::move(message));
  }
  return unmet;
}

Result<std::shared_ptr<const Codec>> CodecRegistry::codec(std::string_view spec) const {
  const std::size_t colon = std::min(spec.find(':'), spec.size());
  const std::string_view name = spec.substr(0, colon);
  const std::string_view options = spec.substr(std::min(colon + 1, spec.size()));
  const auto found = state_->providers.find(name);
  if (found == state_->providers.end()) return Status(StatusCode::invalid_argument, state_->unknown(name));
  const CodecProvider& provider = *found->second;
  const ProviderInfo& info = provider.info();
  if (!info.traits.encodes || !info.traits.decodes) {
    return Status(StatusCode::invalid_argument,
                  "codec " + info.format + ": " + info.implementation + " (" + info.origin + ") does not " +
                      (info.traits.encodes ? "decode, and what cannot be read is not written" : "encode"));
  }
  // A codec might copy such text into its canonical parameters, and be blamed for it.
  if (!is_printable(options)) {
    return Status(StatusCode::invalid_argument, "codec " + info.format + ": parameters \"" + printable(options) +
                                                    "\", expected UTF-8 without control characters");
  }
  Result<std::string> parameters = provider.canonical(options);
  if (!parameters) return parameters.error();
  return state_->open(provider, {info.format, info.major, info.minor, *std::move(parameters)});
}

Result<std::shared_ptr<const Codec>> CodecRegistry::decoder(const FormatId& format) const {
  const auto found = state_->providers.find(format.name);
  if (found == state_->providers.end()) return state_->missing(format, "no loaded codec provides this format");
  const ProviderInfo& info = found->second->info();
  if (!info.traits.decodes) return state_->missing(format, info.implementation + " does not decode");
  Result<std::shared_ptr<const Codec>> opened = state_->open(*found->second, format);
  if (!opened && opened.error().code() == StatusCode::codec_missing) {
    return state_->missing(format, opened.error().message());
  }
  return opened;
}

std::vector<ProviderInfo> CodecRegistry::providers() const {
  std::vector<ProviderInfo> out;
  for (const auto& [format, provider] : state_->providers) out.push_back(provider->info());
  return out;
}

void CodecRegistry::add_report(PluginReport report) { state_->reports.push_back(std::move(report)); }

const std::vector<PluginReport>& CodecRegistry::reports() const noexcept { return state_->reports; }

}  // namespace cinch
