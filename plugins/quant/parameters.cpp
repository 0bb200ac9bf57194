#include "plugins/quant/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace cinch::quant {
namespace {

[[noreturn]] void fail(std::string_view key, std::string_view text, std::string_view expected) {
  throw plugin::Failure(CINCH_PARAMS_UNSUPPORTED,
                        std::string(key) + ": \"" + std::string(text) + "\", expected " + std::string(expected));
}

std::vector<double> list(std::string_view text) {
  constexpr std::string_view key = "inv_freq", expected = "numbers from 0 to 100000, joined by '/'";
  std::vector<double> out;
  for (std::string_view rest = text; !text.empty();) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    double number = -1;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + slash, number);
    if (error != std::errc() || end != rest.data() + slash || !(number >= 0 && number <= 1e5))
      fail(key, text, expected);
    out.push_back(number);
    if (slash == rest.size()) break;
    rest.remove_prefix(slash + 1);
  }
  if (out.size() > 256) fail(key, std::to_string(out.size()) + " numbers", "256 at most");
  return out;
}

RopeMode rope_of(std::string_view text) {
  return text == "auto"     ? RopeMode::automatic
         : text == "none"   ? RopeMode::none
         : text == "halves" ? RopeMode::halves
                            : RopeMode::interleaved;
}

}  // namespace

Parameters::Parameters(const plugin::Options& options)
    : error(static_cast<float>(options.decimal("error"))),
      first_error(static_cast<float>(options.decimal("first_error"))),
      target(static_cast<float>(options.decimal("target"))),
      first(static_cast<std::uint64_t>(options.integer("first"))),
      rope(rope_of(options.text("rope"))),
      theta(options.decimal("theta")),
      rotary_dim(static_cast<std::uint32_t>(options.integer("rotary_dim"))),
      inverse_frequencies(list(options.text("inv_freq"))) {
  if (target > 0) error = 0;
  if (rotary_dim % 2 != 0) fail("rotary_dim", std::to_string(rotary_dim), "an even number");
  if (!inverse_frequencies.empty()) {
    if (theta > 0) throw plugin::Failure(CINCH_PARAMS_UNSUPPORTED, "theta and inv_freq: give one of them");
    if (rotary_dim != 0 && rotary_dim != 2 * inverse_frequencies.size()) {
      fail("rotary_dim", std::to_string(rotary_dim), "twice as many as inv_freq has numbers");
    }
    rotary_dim = static_cast<std::uint32_t>(2 * inverse_frequencies.size());
  }
}

void Parameters::check_head(std::uint32_t dim) const {
  if (rotary_dim <= dim) return;
  throw plugin::Failure(CINCH_INVALID_ARG, "rotary_dim " + std::to_string(rotary_dim) +
                                               (inverse_frequencies.empty() ? "" : ", twice the numbers of inv_freq,") +
                                               " is beyond a head of " + std::to_string(dim));
}

void Parameters::check(const plugin::Options& options) {
  const Parameters given(options);
  const auto refuse = [](const char* why) { throw plugin::Failure(CINCH_PARAMS_UNSUPPORTED, why); };
  if (given.target > 0 && options.is_given("error")) refuse("error and target: give one of them, the other follows");
  if (given.target == 0 && given.first_error > given.error) refuse("first_error: expected no more than error");
  if (options.is_given("inv_freq") && given.inverse_frequencies.empty()) refuse("inv_freq: expected a number or more");
  const bool tells_angles = given.theta > 0 || given.rotary_dim > 0;
  if (given.rope == RopeMode::none && tells_angles) refuse("rope=none: does not go with theta, rotary_dim or inv_freq");
}

}  // namespace cinch::quant
