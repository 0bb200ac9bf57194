/// Parameters of a plugin's codec: a table of them, and options `k=v,k=v` read by it. Part of `codec_plugin.hpp`.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cinch/codec_plugin.h"

namespace cinch::plugin {

/// The exception of codecs: a result code of `codec_plugin.h`, and why.
class Failure : public std::exception {
 public:
  Failure(std::int32_t code, std::string message) : code_(code), message_(std::move(message)) {}
  std::int32_t code() const noexcept { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::int32_t code_;
  std::string message_;
};

/// One parameter of a codec, made by one of the functions. A default outside the range stands for "not given".
struct Parameter {
  enum class Kind : std::uint8_t { integer, decimal, text };

  Kind kind = Kind::integer;
  std::string_view key{};
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t default_value = 0;
  double min_decimal = 0;
  double max_decimal = 0;
  double decimal_default = 0;
  std::string_view choices{};
  std::string_view text_default{};

  static constexpr Parameter integer(std::string_view key, std::int64_t min, std::int64_t max,
                                     std::int64_t default_value) {
    return {.kind = Kind::integer, .key = key, .min = min, .max = max, .default_value = default_value};
  }
  static constexpr Parameter decimal(std::string_view key, double min, double max, double default_value) {
    return {
        .kind = Kind::decimal, .key = key, .min_decimal = min, .max_decimal = max, .decimal_default = default_value};
  }
  /// `choices`: "auto/none"; empty: any text.
  static constexpr Parameter text(std::string_view key, std::string_view default_value, std::string_view choices = {}) {
    return {.kind = Kind::text, .key = key, .choices = choices, .text_default = default_value};
  }
};

/// Options `k=v,k=v`, read by a table of parameters that is sorted by key. Borrows table and text.
class Options {
 public:
  static constexpr std::size_t max_parameters = 16;

  /// Throws `Failure` (PARAMS_UNSUPPORTED) that names the key, what was given, and what was expected.
  Options(std::span<const Parameter> table, std::string_view text) : table_(table) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      values_[i].number = table[i].default_value;
      values_[i].decimal = table[i].decimal_default;
      values_[i].set_text(table[i].text_default);
      values_[i].is_given = false;
    }
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      take(text.substr(0, comma));
      if (comma + 1 == text.size()) fail("nothing follows the last ','");
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
  }

  /// Requires: `key` is in the table.
  std::int64_t integer(std::string_view key) const { return values_[index(key)].number; }
  double decimal(std::string_view key) const { return values_[index(key)].decimal; }
  std::string_view text(std::string_view key) const { return values_[index(key)].text(); }
  bool is_given(std::string_view key) const { return values_[index(key)].is_given; }

  /// Sorted, without defaults.
  std::string canonical() const {
    std::string out;
    for (std::size_t i = 0; i < table_.size(); ++i) {
      const Parameter& parameter = table_[i];
      const Value& value = values_[i];
      if (is_default(parameter, value)) continue;
      out.append(out.empty() ? "" : ",").append(parameter.key).append("=");
      out.append(canonical(parameter, value));
    }
    return out;
  }

  /// The fewest digits that read back as the same number.
  static std::string shortest(double number) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
  }

 private:
  /// Without initialisers: clearing all sixteen takes longer than the rest of most calls.
  struct Value {
    std::int64_t number;
    double decimal;
    const char* text_start;
    std::size_t text_size;
    bool is_given;

    std::string_view text() const noexcept { return {text_start, text_size}; }
    void set_text(std::string_view text) noexcept {
      text_start = text.data();
      text_size = text.size();
    }
  };

  static bool is_default(const Parameter& parameter, const Value& value) noexcept {
    switch (parameter.kind) {
      case Parameter::Kind::text: return value.text() == parameter.text_default;
      case Parameter::Kind::decimal: return value.decimal == parameter.decimal_default;
      case Parameter::Kind::integer: break;
    }
    return value.number == parameter.default_value;
  }

  static std::string canonical(const Parameter& parameter, const Value& value) {
    switch (parameter.kind) {
      case Parameter::Kind::text: return std::string(value.text());
      case Parameter::Kind::decimal: return shortest(value.decimal);
      case Parameter::Kind::integer: break;
    }
    return std::to_string(value.number);
  }

  [[noreturn]] static void fail(std::string message) { throw Failure(CINCH_PARAMS_UNSUPPORTED, std::move(message)); }

  std::size_t index(std::string_view key) const noexcept {
    return static_cast<std::size_t>(std::ranges::find(table_, key, &Parameter::key) - table_.begin());
  }

  void take(std::string_view pair) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string key(pair.substr(0, equals));
    const std::size_t at = index(key);
    if (at == table_.size()) fail("unknown parameter \"" + key + "\"; known: " + known() + suggestion(key));
    if (equals == pair.size()) fail(key + ": no value; write " + key + "=VALUE");
    if (std::exchange(values_[at].is_given, true)) fail(key + ": given twice");
    set(table_[at], pair.substr(equals + 1), values_[at]);
  }

  static void set(const Parameter& parameter, std::string_view text, Value& value) {
    switch (parameter.kind) {
      case Parameter::Kind::text:
        value.set_text(text);
        if (!is_choice(text, parameter.choices)) fail_at(parameter, text, "one of " + std::string(parameter.choices));
        return;
      case Parameter::Kind::decimal:
        if (!read(text, parameter.min_decimal, parameter.max_decimal, value.decimal)) {
          fail_at(parameter, text,
                  "a number from " + shortest(parameter.min_decimal) + " to " + shortest(parameter.max_decimal));
        }
        return;
      case Parameter::Kind::integer:
        if (!read(text, parameter.min, parameter.max, value.number)) {
          fail_at(parameter, text,
                  "an integer from " + std::to_string(parameter.min) + " to " + std::to_string(parameter.max));
        }
    }
  }

  [[noreturn]] static void fail_at(const Parameter& parameter, std::string_view text, const std::string& expected) {
    fail(std::string(parameter.key) + ": \"" + std::string(text) + "\", expected " + expected);
  }

  /// False: `text` is not a number of that range.
  template <class Number>
  static bool read(std::string_view text, Number min, Number max, Number& to) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
    return error == std::errc() && end == text.data() + text.size() && to >= min && to <= max;
  }

  static bool is_choice(std::string_view text, std::string_view choices) {
    if (choices.empty()) return true;
    for (;;) {
      const std::size_t slash = choices.find('/');
      if (choices.substr(0, slash) == text) return true;
      if (slash == choices.npos) return false;
      choices.remove_prefix(slash + 1);
    }
  }

  std::string known() const {
    std::string out;
    for (const Parameter& parameter : table_) out.append(out.empty() ? "" : ", ").append(parameter.key);
    return out.empty() ? "none" : out;
  }

  /// How many letters to insert, remove or replace to make `b` of `a`.
  static std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);  // edits from what was read of `a` to each beginning of `b`
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (const char letter : a) {
      std::size_t diagonal = row[0]++;
      for (std::size_t i = 0; i < b.size(); ++i) {
        const std::size_t replaced = diagonal + (letter == b[i] ? 0 : 1);
        diagonal = row[i + 1];
        row[i + 1] = std::min({row[i] + 1, diagonal + 1, replaced});
      }
    }
    return row.back();
  }

  /// The known parameter that `key` begins, or is nearest to, if any is near: `; did you mean "level"?`.
  std::string suggestion(std::string_view key) const {
    constexpr std::size_t longest = 32;
    const Parameter* best = nullptr;
    std::size_t fewest = longest;
    for (const Parameter& parameter : table_) {
      if (key.size() < 2 || std::max(key.size(), parameter.key.size()) > longest) continue;
      const std::size_t needed = parameter.key.starts_with(key) ? 0 : edits(key, parameter.key);
      if (needed > std::max(key.size(), parameter.key.size()) / 2 || needed >= fewest) continue;
      best = &parameter;
      fewest = needed;
    }
    return best ? "; did you mean \"" + std::string(best->key) + "\"?" : "";
  }

  std::span<const Parameter> table_;
  std::array<Value, max_parameters> values_;  // as many as the table has are set
};

}  // namespace cinch::plugin
