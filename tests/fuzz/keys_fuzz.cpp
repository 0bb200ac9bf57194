// How keys are shown: every key comes back from its escaped form, which is printable ASCII; every text that can be read
// as a key is the key's escaped form once it is written again.
#include "cinch/keys.hpp"
#include "cinch/kv_store.hpp"
#include "tests/fuzz/fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cinch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string shown = escape_key(text);
  fuzz::require(std::ranges::all_of(shown, [](char c) { return c >= ' ' && c <= '~'; }), "not printable: " + shown);
  const Result<std::string> back = unescape_key(shown);
  fuzz::require(back && *back == text, "does not come back: " + shown);
  if (const Result<std::string> key = unescape_key(text)) {
    const Result<std::string> again = unescape_key(escape_key(*key));
    fuzz::require(again && *again == *key, "does not come back: " + escape_key(*key));
  }
  return 0;
}
