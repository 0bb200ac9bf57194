#include "engine/glob.hpp"

#include <string>

#include "engine/hex.hpp"

namespace cinch {

class Glob::Parser {
 public:
  explicit Parser(std::string_view pattern) : pattern_(pattern) {}

  Result<Glob> run() {
    while (!at_end() && status_.ok()) {
      switch (const char c = take(); c) {
        case '*':
          if (glob_.tokens_.empty() || !glob_.tokens_.back().is_run()) glob_.tokens_.push_back({Token::Kind::any_run});
          break;
        case '?': add_set(~ByteSet()); break;
        case '[': add_set(set()); break;
        default: glob_.tokens_.push_back({Token::Kind::byte, c == '\\' ? escaped() : static_cast<unsigned char>(c)});
      }
    }
    if (!status_.ok()) return status_;
    return std::move(glob_);
  }

 private:
  bool at_end() const noexcept { return at_ == pattern_.size(); }
  char take() noexcept { return pattern_[at_++]; }

  unsigned char fail(std::string_view why) {
    status_ = {StatusCode::invalid_argument,
               "glob \"" + std::string(pattern_) + "\", character " + std::to_string(at_) + ": " + std::string(why)};
    return 0;
  }

  void add_set(const ByteSet& set) {
    glob_.tokens_.push_back({Token::Kind::set, 0, static_cast<std::uint32_t>(glob_.sets_.size())});
    glob_.sets_.push_back(set);
  }

  /// The byte after a backslash.
  unsigned char escaped() {
    if (at_end()) return fail("nothing after the backslash");
    const char c = take();
    if (c != 'x') return static_cast<unsigned char>(c);
    unsigned value = 0;
    for (int digit = 0; digit < 2; ++digit) {
      const int nibble = at_end() ? -1 : hex_value(take());
      if (nibble < 0) return fail("expected \\xHH with two hexadecimal digits");
      value = value * 16 + static_cast<unsigned>(nibble);
    }
    return static_cast<unsigned char>(value);
  }

  unsigned char set_member() {
    const char c = take();
    return c == '\\' ? escaped() : static_cast<unsigned char>(c);
  }

  /// The rest of "[a-z]" or "[!a-z]"; a "]" that comes first is a member.
  ByteSet set() {
    const std::size_t start = at_;
    ByteSet members;
    const bool negated = !at_end() && pattern_[at_] == '!';
    if (negated) ++at_;
    for (bool first = true; status_.ok(); first = false) {
      if (at_end()) {
        at_ = start;
        fail("the set that begins here has no \"]\"");
        break;
      }
      if (!first && pattern_[at_] == ']') {
        ++at_;
        break;
      }
      const unsigned char from = set_member();
      unsigned char to = from;
      if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
        ++at_;
        to = set_member();
        if (to < from) fail("the range ends before it begins");
      }
      for (unsigned byte = from; byte <= to; ++byte) members.set(byte);
    }
    return negated ? ~members : members;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  Status status_;
  Glob glob_;
};

Result<Glob> Glob::parse(std::string_view pattern) { return Parser(pattern).run(); }

bool Glob::takes(const Token& token, char c) const noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return token.kind == Token::Kind::byte ? token.byte == byte : sets_[token.set].test(byte);
}

bool Glob::matches(std::string_view key) const noexcept {
  // Backtracking to the last run is enough: making an earlier one longer could not match more.
  std::size_t token = 0;
  std::size_t at = 0;
  std::size_t token_after_run = std::string_view::npos;
  std::size_t run_end = 0;
  while (at < key.size()) {
    if (token < tokens_.size() && tokens_[token].is_run()) {
      token_after_run = ++token;
      run_end = at;
    } else if (token < tokens_.size() && takes(tokens_[token], key[at])) {
      ++token;
      ++at;
    } else if (token_after_run != std::string_view::npos) {
      token = token_after_run;
      at = ++run_end;
    } else {
      return false;
    }
  }
  if (token < tokens_.size() && tokens_[token].is_run()) ++token;
  return token == tokens_.size();
}

}  // namespace cinch
