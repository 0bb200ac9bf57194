/// C++20 over `codec_plugin.h`, for authors of plugins: a codec is a small class, exceptions become result codes.
///
/// What: a class as described at `Provider`, and one line `CINCH_CODEC_PLUGIN(…)`, make a plugin. Sees the standard
/// library alone. Threads: encoders and decoders are called by one thread at a time, everything else by any number.
/// Ownership: spans, options and slices are borrowed for the call. Errors: throw `Failure`, or any `std::exception`.
/// Units: bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iterator>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cinch/codec_plugin.h"
#include "cinch/codec_plugin_options.hpp"

namespace cinch::plugin {

using Input = std::span<const std::uint8_t>;
using Output = std::span<std::uint8_t>;

/// One block to encode into `to`, or to decode into exactly `to`. `plan` is null when the value has none.
template <class Plan>
struct EncodeCall {
  const cinch_slice_v1& slice;
  const Plan* plan;
  Input from;
  Output to;
};
template <class Plan>
struct DecodeCall {
  const cinch_slice_v1& slice;
  const Plan* plan;
  Input from;
  Output to;
};

/// A value to plan for; the plan goes to `to`. `annotation` is empty. See `plan` in codec_plugin.h.
struct PlanCall {
  const cinch_shape_v1* shape;
  std::uint64_t block_bytes;
  Input value;
  Output to;
  std::string& annotation;
};

/// The plan of codecs without one.
struct NoPlan {};

template <class T>
concept has_plan = requires {
  typename T::Plan;
};

template <class T>
struct PlanOf {
  using type = NoPlan;
};
template <has_plan T>
struct PlanOf<T> {
  using type = typename T::Plan;
};

/// Turns an exception of `body` into a result code and a message.
template <class Body>
std::int32_t guarded(cinch_err_v1* error, Body&& body) noexcept {
  const auto report = [error](std::int32_t code, const char* message) {
    if (error && CINCH_HAS(error, cinch_err_v1, message)) {
      error->code = code;
      const std::size_t length = std::min(std::strlen(message), sizeof error->message - 1);
      std::memcpy(error->message, message, length);
      error->message[length] = '\0';
    }
    return code;
  };
  try {
    return body();
  } catch (const Failure& failure) {
    return report(failure.code(), failure.what());
  } catch (const std::bad_alloc&) {
    return report(CINCH_NOMEM, "out of memory");
  } catch (const std::exception& exception) {
    return report(CINCH_INTERNAL, exception.what());
  } catch (...) {
    return report(CINCH_INTERNAL, "an unknown exception");
  }
}

/// The C table over a class `T` with these members:
///   static constexpr char format[] = "com.vendor.name", implementation[] = "com.vendor.name";
///   static constexpr std::uint16_t major = 1, minor = 0, decodes_major_min = 1;
///   static constexpr std::uint64_t caps = CINCH_CAP_ENCODE | CINCH_CAP_DECODE | …;
///   static constexpr std::array parameters = {Parameter…};   // sorted by key; std::array<Parameter, 0>{} for none
///   static void check(const Options&);                        // optional: parameters that do not go together
///   static std::uint64_t bound(const Options&, const cinch_shape_v1*, std::uint64_t size);   // may throw Failure with
///       // CINCH_VALUE_UNSUPPORTED or CINCH_INVALID_ARG, see codec_plugin.h
///   static const char* target();                              // optional: "scalar", "avx2", …
///   static std::uint64_t block_bytes(const Options&);         // optional: where none is configured
///   static void measure(const Options&, const cinch_slice_v1&, Input original, Input decoded,
///                       cinch_loss_v1&);                      // LOSSY
///   class Encoder { explicit Encoder(const Options&);
///                   std::optional<std::size_t> encode(const EncodeCall<Plan>&); };   // nothing: declined
///   class Decoder { explicit Decoder(const Options&); void decode(const DecodeCall<Plan>&); };
/// and, where it makes plans, `class Plan`, which is opened for every value that has one:
///   Plan(const Options&, const cinch_shape_v1*, Input stored);
///   static std::uint64_t plan_bound(const Options&, const cinch_shape_v1*, std::uint64_t size);
///   std::optional<std::size_t> Encoder::plan(const PlanCall&);                      // nothing: none is needed
template <class T>
class Provider {
 public:
  static const cinch_provider_v1& table() noexcept {
    static constexpr cinch_provider_v1 made = make();
    return made;
  }

 private:
  using PlanType = typename PlanOf<T>::type;
  static_assert(T::parameters.size() <= Options::max_parameters);
  static_assert(std::ranges::is_sorted(T::parameters, {}, &Parameter::key), "`parameters` have to be sorted by key");

  static Options read(const char* text, std::size_t size) {
    Options options(T::parameters, size == 0 ? std::string_view() : std::string_view(text, size));
    if constexpr (requires { T::check(options); }) T::check(options);
    return options;
  }

  static void check_version(std::uint16_t major, std::uint16_t minor) {
    if (major < T::decodes_major_min || major > T::major || (major == T::major && minor > T::minor)) {
      throw Failure(CINCH_FORMAT_UNSUPPORTED,
                    "version " + std::to_string(major) + "." + std::to_string(minor) + " is not known");
    }
  }

  static std::int32_t canonical(const cinch_provider_v1*, const char* in, std::size_t in_size, char* out,
                                std::size_t capacity, std::size_t* size, cinch_err_v1* error) noexcept {
    return guarded(error, [&] {
      const std::string text = read(in, in_size).canonical();
      *size = text.size();
      if (text.size() > capacity) return CINCH_DST_TOO_SMALL;
      std::copy(text.begin(), text.end(), out);
      return CINCH_OK;
    });
  }

  /// Refuses sizes that no memory can hold, so that no codec's arithmetic wraps around.
  static std::int32_t ask_bound(std::uint64_t (*function)(const Options&, const cinch_shape_v1*, std::uint64_t),
                                const char* text, std::size_t text_size, const cinch_shape_v1* shape,
                                std::uint64_t size, std::uint64_t* out, cinch_err_v1* error) noexcept {
    if (size > UINT64_MAX / 4) return CINCH_LIMIT;
    return guarded(error, [&] {
      *out = function(read(text, text_size), shape, size);
      return CINCH_OK;
    });
  }

  static std::int32_t bound(const cinch_provider_v1*, const char* text, std::size_t text_size,
                            const cinch_shape_v1* shape, std::uint64_t size, std::uint64_t* out,
                            cinch_err_v1* error) noexcept {
    return ask_bound(&T::bound, text, text_size, shape, size, out, error);
  }

  static std::int32_t enc_open(const cinch_provider_v1*, const char* text, std::size_t size, cinch_enc_ctx** out,
                               cinch_err_v1* error) noexcept {
    *out = nullptr;
    return guarded(error, [&] {
      *out = reinterpret_cast<cinch_enc_ctx*>(new typename T::Encoder(read(text, size)));
      return CINCH_OK;
    });
  }

  static std::int32_t dec_open(const cinch_provider_v1*, std::uint16_t major, std::uint16_t minor, const char* text,
                               std::size_t size, cinch_dec_ctx** out, cinch_err_v1* error) noexcept {
    *out = nullptr;
    return guarded(error, [&] {
      check_version(major, minor);
      *out = reinterpret_cast<cinch_dec_ctx*>(new typename T::Decoder(read(text, size)));
      return CINCH_OK;
    });
  }

  static void enc_close(cinch_enc_ctx* context) noexcept { delete reinterpret_cast<typename T::Encoder*>(context); }
  static void dec_close(cinch_dec_ctx* context) noexcept { delete reinterpret_cast<typename T::Decoder*>(context); }

  static std::int32_t answer(std::optional<std::size_t> length, std::size_t* out) noexcept {
    if (!length) return CINCH_DECLINED;
    *out = *length;
    return CINCH_OK;
  }

  static std::int32_t enc_run(cinch_enc_ctx* context, const cinch_plan_state* plan, const cinch_slice_v1* slice,
                              const std::uint8_t* src, std::size_t n, std::uint8_t* dst, std::size_t capacity,
                              std::size_t* size, cinch_err_v1* error) noexcept {
    return guarded(error, [&] {
      const EncodeCall<PlanType> call{*slice, reinterpret_cast<const PlanType*>(plan), {src, n}, {dst, capacity}};
      return answer(reinterpret_cast<typename T::Encoder*>(context)->encode(call), size);
    });
  }

  static std::int32_t dec_run(cinch_dec_ctx* context, const cinch_plan_state* plan, const cinch_slice_v1* slice,
                              const std::uint8_t* src, std::size_t n, std::uint8_t* dst, std::size_t size,
                              cinch_err_v1* error) noexcept {
    return guarded(error, [&] {
      const DecodeCall<PlanType> call{*slice, reinterpret_cast<const PlanType*>(plan), {src, n}, {dst, size}};
      reinterpret_cast<typename T::Decoder*>(context)->decode(call);
      return CINCH_OK;
    });
  }

  static std::int32_t measure(const cinch_provider_v1*, const char* text, std::size_t text_size,
                              const cinch_slice_v1* slice, const std::uint8_t* original, const std::uint8_t* decoded,
                              std::size_t size, cinch_loss_v1* loss, cinch_err_v1* error) noexcept {
    return guarded(error, [&] {
      T::measure(read(text, text_size), *slice, Input(original, size), Input(decoded, size), *loss);
      return CINCH_OK;
    });
  }

  static const char* target(const cinch_provider_v1*) noexcept {
    const char* name = nullptr;
    (void)guarded(nullptr, [&] {
      name = T::target();
      return CINCH_OK;
    });
    return name;
  }

  static std::uint64_t block_bytes(const cinch_provider_v1*, const char* text, std::size_t size) noexcept {
    std::uint64_t bytes = 0;
    (void)guarded(nullptr, [&] {
      bytes = T::block_bytes(read(text, size));
      return CINCH_OK;
    });
    return bytes;
  }

  static std::int32_t plan_bound(const cinch_provider_v1*, const char* text, std::size_t text_size,
                                 const cinch_shape_v1* shape, std::uint64_t size, std::uint64_t* out,
                                 cinch_err_v1* error) noexcept {
    return ask_bound(&T::plan_bound, text, text_size, shape, size, out, error);
  }

  static std::int32_t plan(cinch_enc_ctx* context, const cinch_shape_v1* shape, std::uint64_t block_bytes,
                           const std::uint8_t* src, std::size_t n, std::uint8_t* dst, std::size_t capacity,
                           std::size_t* size, char annotation[CINCH_ANNOTATION_BYTES], cinch_err_v1* error) noexcept {
    return guarded(error, [&] {
      std::string note;
      const PlanCall call{shape, block_bytes, {src, n}, {dst, capacity}, note};
      const std::optional<std::size_t> length = reinterpret_cast<typename T::Encoder*>(context)->plan(call);
      if (note.size() >= CINCH_ANNOTATION_BYTES) throw Failure(CINCH_INTERNAL, "an annotation of over 63 bytes");
      std::copy(note.begin(), note.end(), annotation);
      annotation[note.size()] = '\0';
      return answer(length, size);
    });
  }

  static std::int32_t plan_open(const cinch_provider_v1*, std::uint16_t major, std::uint16_t minor, const char* text,
                                std::size_t text_size, const cinch_shape_v1* shape, const std::uint8_t* stored,
                                std::size_t size, cinch_plan_state** out, cinch_err_v1* error) noexcept {
    *out = nullptr;
    return guarded(error, [&] {
      check_version(major, minor);
      *out = reinterpret_cast<cinch_plan_state*>(new PlanType(read(text, text_size), shape, Input(stored, size)));
      return CINCH_OK;
    });
  }

  static void plan_close(cinch_plan_state* state) noexcept { delete reinterpret_cast<PlanType*>(state); }

  static constexpr cinch_provider_v1 make() {
    cinch_provider_v1 made{};
    made.struct_size = sizeof made;
    made.format_major = T::major;
    made.format_minor_max = T::minor;
    made.format_id = T::format;
    made.impl_id = T::implementation;
    made.caps = T::caps;
    made.params_canonical = canonical;
    made.bound = bound;
    made.enc_open = enc_open;
    made.dec_open = dec_open;
    made.enc_close = enc_close;
    made.dec_close = dec_close;
    made.enc_run = enc_run;
    made.dec_run = dec_run;
    if constexpr (has_plan<T>) {
      made.plan_bound = plan_bound;
      made.plan = plan;
      made.plan_open = plan_open;
      made.plan_close = plan_close;
    }
    if constexpr ((T::caps & CINCH_CAP_LOSSY) != 0) made.measure = measure;
    if constexpr (requires { T::target(); }) made.target = target;
    if constexpr (requires(const Options& options) { T::block_bytes(options); }) made.block_bytes = block_bytes;
    return made;
  }
};

/// The manifest, made from the tables, so that the two agree.
template <class... Codecs>
struct Manifest {
  cinch_manifest_v1 head{};
  cinch_manifest_provider_v1 providers[sizeof...(Codecs)]{};

  constexpr Manifest(std::string_view id, std::string_view version, std::string_view vendor, std::string_view license,
                     std::string_view homepage) {
    put("CINCHPLG", head.magic, 0);
    head.total_size = sizeof *this;
    head.abi_major = CINCH_ABI_MAJOR;
    head.abi_minor_built = CINCH_ABI_MINOR;
    head.abi_minor_required = CINCH_ABI_MINOR;
    head.n_providers = sizeof...(Codecs);
    put(CINCH_PLATFORM, head.platform);
    put(id, head.plugin_id);
    put(version, head.plugin_version);
    put(vendor, head.vendor);
    put(license, head.license);
    put(homepage, head.homepage);
    std::size_t next = 0;
    (declare<Codecs>(providers[next++]), ...);
  }

 private:
  /// A text that is too long does not compile: it throws in a constant expression.
  template <std::size_t size>
  static constexpr void put(std::string_view text, char (&field)[size], std::size_t terminator = 1) {
    if (text.size() + terminator > size) throw Failure(CINCH_INVALID_ARG, "too long for its field of the manifest");
    std::copy(text.begin(), text.end(), field);
  }

  template <class T>
  static constexpr void declare(cinch_manifest_provider_v1& out) {
    put(T::format, out.format_id);
    put(T::implementation, out.impl_id);
    out.format_major = T::major;
    out.format_minor_max = T::minor;
    out.decodes_major_min = T::decodes_major_min;
    out.caps = T::caps;
  }
};

template <class... Codecs>
const cinch_provider_v1* provider_at(std::uint32_t i) noexcept {
  const cinch_provider_v1* const all[] = {&Provider<Codecs>::table()...};
  return i < std::size(all) ? all[i] : nullptr;
}

/// What the entry does.
template <class... Codecs>
std::int32_t enter(cinch_plugin_v1* out) noexcept {
  if (!out || !CINCH_HAS(out, cinch_plugin_v1, provider_at)) return CINCH_INVALID_ARG;
  out->n_providers = sizeof...(Codecs);
  out->provider_at = provider_at<Codecs...>;
  out->struct_size = std::min<std::uint32_t>(out->struct_size, sizeof *out);
  return CINCH_OK;
}

}  // namespace cinch::plugin

/// Once per plugin, at file scope, outside every namespace: its identity, then its codecs.
#define CINCH_CODEC_PLUGIN(id, version, vendor, license, homepage, ...)                                               \
  CINCH_IN_PLUGIN_SECTION static constexpr ::cinch::plugin::Manifest<__VA_ARGS__> cinch_manifest(id, version, vendor, \
                                                                                                 license, homepage);  \
  int32_t cinch_plugin_entry_v0(const cinch_host_v1*, cinch_plugin_v1* out, cinch_err_v1*) {                          \
    return ::cinch::plugin::enter<__VA_ARGS__>(out);                                                                  \
  }
