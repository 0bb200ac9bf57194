/// Patterns on keys; see `Rule::match` for the syntax.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cinch/status.hpp"

namespace cinch {

class Glob {
 public:
  /// Errors: `invalid_argument`, which names the position.
  static Result<Glob> parse(std::string_view pattern);

  /// Whether all of `key` matches. Takes at most pattern length × key length steps, without recursion.
  bool matches(std::string_view key) const noexcept;

 private:
  struct Token {
    enum class Kind : std::uint8_t { any_run, byte, set };
    Kind kind;
    unsigned char byte = 0;
    std::uint32_t set = 0;  // index into sets_

    bool is_run() const noexcept { return kind == Kind::any_run; }
  };
  using ByteSet = std::bitset<256>;
  class Parser;

  bool takes(const Token& token, char c) const noexcept;

  std::vector<Token> tokens_;
  std::vector<ByteSet> sets_;
};

}  // namespace cinch
