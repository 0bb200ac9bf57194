// Globs: any text as a pattern, and patterns made of known wishes, against a matcher that is plain where the engine's
// is fast.
#include "cinch/keys.hpp"
#include "cinch/kv_store.hpp"
#include "engine/glob.hpp"
#include "tests/fuzz/fuzz_input.hpp"

namespace cinch {
namespace {

/// One thing that a pattern asks for: any run of bytes, or one byte of a set.
struct Wish {
  bool is_run = false;
  std::bitset<256> bytes;
};

std::string escaped(unsigned char byte) {
  char text[5];
  std::snprintf(text, sizeof text, "\\x%02x", byte);
  return text;
}

/// A wish, and how it is written.
Wish wish_from(fuzz::Input& input, std::string& pattern) {
  Wish wish;
  const std::uint8_t kind = input.byte();
  if (kind % 4 == 0) {
    pattern += '*';
    wish.is_run = true;
  } else if (kind % 4 == 1) {
    pattern += '?';
    wish.bytes.set();
  } else if (kind % 4 == 2) {
    const bool negated = (kind & 4) != 0;
    pattern += negated ? "[!" : "[";
    for (int ranges = 1 + (kind >> 3) % 3; ranges > 0; --ranges) {
      std::uint8_t from = input.byte(), to = input.byte();
      if (to < from) std::swap(from, to);
      pattern += escaped(from) + '-' + escaped(to);
      for (unsigned byte = from; byte <= to; ++byte) wish.bytes.set(byte);
    }
    pattern += ']';
    if (negated) wish.bytes.flip();
  } else {
    const std::uint8_t byte = input.byte();
    pattern += escaped(byte);
    wish.bytes.set(byte);
  }
  return wish;
}

/// By the definition: which ends of the key can be reached by the wishes so far.
bool matches_plainly(const std::vector<Wish>& wishes, std::string_view key) {
  std::vector<bool> reached(key.size() + 1, false);
  reached[0] = true;
  for (const Wish& wish : wishes) {
    std::vector<bool> next(key.size() + 1, false);
    for (std::size_t at = 0; at <= key.size(); ++at) {
      if (!reached[at]) continue;
      if (wish.is_run) std::fill(next.begin() + static_cast<std::ptrdiff_t>(at), next.end(), true);
      if (!wish.is_run && at < key.size() && wish.bytes[static_cast<unsigned char>(key[at])]) next[at + 1] = true;
    }
    reached = next;
  }
  return reached[key.size()];
}

}  // namespace
}  // namespace cinch

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cinch;
  fuzz::Input input(data, size);
  if (input.flag()) {
    const std::string_view pattern = input.text();
    const Result<Glob> glob = Glob::parse(pattern);
    if (glob) (void)glob->matches(as_text(input.rest()));
    return 0;
  }
  std::string pattern;
  std::vector<Wish> wishes;
  for (int left = input.byte() % 16; left > 0; --left) wishes.push_back(wish_from(input, pattern));
  const std::string_view key = as_text(input.rest());
  const Result<Glob> glob = Glob::parse(pattern);
  fuzz::require(glob.has_value(), glob.status().to_string());
  fuzz::require(glob->matches(key) == matches_plainly(wishes, key), pattern + " on " + escape_key(key));
  return 0;
}
