#include "plugins/quant/parameters.hpp"

#include <charconv>
#include <string>
#include <string_view>

namespace cinch::quant {
namespace {

[[noreturn]] void fail(std::string_view key, std::string_view text, std::string_view expected) {
  throw plugin::Failure(CINCH_PARAMS_UNSUPPORTED,
                        std::string(key) + ": \"" + std::string(text) + "\", expected " + std::string(expected));
}

double number(std::string_view key, std::string_view text, double least, double most, std::string_view expected) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= least && value <= most)) {
    fail(key, text, expected);
  }
  return value;
}

std::vector<double> list(std::string_view text) {
  std::vector<double> out;
  for (std::string_view rest = text; !text.empty();) {
    const std::size_t slash = rest.find('/');
    out.push_back(number("inv_freq", rest.substr(0, slash), 0, 1e5, "numbers from 0 to 100000, joined by '/'"));
    if (slash == rest.npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (out.size() > 256) fail("inv_freq", std::to_string(out.size()) + " numbers", "256 at most");
  return out;
}

Rope rope_of(std::string_view text) {
  return text == "auto"     ? Rope::automatic
         : text == "none"   ? Rope::none
         : text == "halves" ? Rope::halves
                            : Rope::interleaved;
}

}  // namespace

Parameters::Parameters(const plugin::Options& options)
    : first(static_cast<std::uint64_t>(options.integer("first"))),
      rope(rope_of(options.text("rope"))),
      rotary_dim(static_cast<std::uint32_t>(options.integer("rotary_dim"))),
      inverse_frequencies(list(options.text("inv_freq"))) {
  if (const std::string_view text = options.text("target"); !text.empty()) {
    target = static_cast<float>(number("target", text, 1.1, 100, "a ratio from 1.1 to 100"));
    if (options.text("error") != "0.1") {
      throw plugin::Failure(CINCH_PARAMS_UNSUPPORTED, "error and target: give one of them, the other follows");
    }
  } else {
    error = static_cast<float>(number("error", options.text("error"), 0.001, 0.9, "a number from 0.001 to 0.9"));
  }
  if (const std::string_view text = options.text("first_error"); !text.empty()) {
    first_error = static_cast<float>(number("first_error", text, 0.0002, 0.9, "a number from 0.0002 to 0.9"));
  }
  if (const std::string_view text = options.text("theta"); !text.empty()) {
    theta = number("theta", text, 2, 1e12, "a number from 2 to 1e12, without exponent");
  }
  if (rotary_dim % 2 != 0) fail("rotary_dim", std::to_string(rotary_dim), "an even number");
  if (!inverse_frequencies.empty()) {
    if (theta > 0) throw plugin::Failure(CINCH_PARAMS_UNSUPPORTED, "theta and inv_freq: give one of them");
    if (rotary_dim != 0 && rotary_dim != 2 * inverse_frequencies.size()) {
      fail("rotary_dim", std::to_string(rotary_dim), "twice as many as inv_freq has numbers");
    }
    rotary_dim = static_cast<std::uint32_t>(2 * inverse_frequencies.size());
  }
}

}  // namespace cinch::quant
