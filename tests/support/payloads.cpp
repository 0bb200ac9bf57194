#include "tests/support/payloads.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

namespace cinch::test {
namespace {

constexpr std::string_view words[] = {"the",    "cache", "of",    "a",      "model", "keeps", "keys",  "and",
                                      "values", "for",   "every", "token",  "that",  "was",   "read",  "before",
                                      "so",     "that",  "none",  "is",     "made",  "twice", "while", "memory",
                                      "lasts",  "then",  "older", "blocks", "go",    "to",    "disk",  "instead"};

using Generator = std::mt19937_64;

std::string_view word(Generator& random) { return words[random() % std::size(words)]; }

void add_sentence(std::string& out, Generator& random) {
  for (std::uint64_t left = 5 + random() % 12; left > 0; --left) {
    out.append(word(random)).append(left > 1 ? " " : ".\n");
  }
}

void add_document(std::string& out, Generator& random) {
  out.append(R"({"id":)").append(std::to_string(random() % 1'000'000));
  out.append(R"(,"name":")").append(word(random)).append(" ").append(word(random));
  out.append(R"(","tags":[")").append(word(random)).append("\",\"").append(word(random));
  out.append(R"("],"score":)").append(std::to_string(random() % 1000)).append(R"(,"active":)");
  out.append(random() % 2 == 0 ? "true}\n" : "false}\n");
}

std::vector<std::byte> repeated(std::size_t size, Generator random, void (*add)(std::string&, Generator&)) {
  std::string text;
  while (text.size() < size) add(text, random);
  std::vector<std::byte> out(size);
  if (size > 0) std::memcpy(out.data(), text.data(), size);
  return out;
}

/// The decimal number at `at`, which moves behind the character after it.
std::uint64_t number_at(std::string_view text, std::size_t& at) {
  std::uint64_t number = 0;
  const char* end = std::from_chars(text.data() + at, text.data() + text.size(), number).ptr;
  at = static_cast<std::size_t>(end - text.data()) + 1;
  return number;
}

}  // namespace

std::string_view to_string(PayloadKind kind) {
  switch (kind) {
    case PayloadKind::zeros: return "zeros";
    case PayloadKind::text: return "text";
    case PayloadKind::json: return "json";
    case PayloadKind::random: return "random";
    case PayloadKind::ramp: return "ramp";
    case PayloadKind::floats: return "floats";
  }
  return "unknown";
}

std::vector<std::byte> make_payload(PayloadKind kind, std::size_t size, std::uint64_t seed) {
  Generator random(seed);
  if (kind == PayloadKind::text) return repeated(size, random, add_sentence);
  if (kind == PayloadKind::json) return repeated(size, random, add_document);
  std::vector<std::byte> out(size);
  if (kind == PayloadKind::random) std::ranges::generate(out, [&] { return static_cast<std::byte>(random()); });
  if (kind == PayloadKind::floats) {
    for (std::size_t i = 0; i + 1 < size; i += 2) {
      float sum = -4;
      for (int j = 0; j < 8; ++j) sum += static_cast<float>(random() % 65536) / 65536;
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(sum) >> 16;
      out[i] = static_cast<std::byte>(bits);
      out[i + 1] = static_cast<std::byte>(bits >> 8);
    }
  }
  if (kind == PayloadKind::ramp) {
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i % 256);
  }
  return out;
}

std::optional<std::string> real_tensor_file(std::string_view name) {
  const auto path = std::filesystem::path(CINCH_SOURCE_DIR "/../shared/data") / (std::string(name) + ".safetensors");
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path.string();
}

std::vector<std::byte> read_tensor(const std::string& path, std::string_view tensor, std::size_t limit) {
  std::ifstream file(path, std::ios::binary);
  std::uint64_t header_bytes = 0;
  file.read(reinterpret_cast<char*>(&header_bytes), sizeof header_bytes);
  if (!file || header_bytes > (std::uint64_t{1} << 20)) return {};
  std::string header(header_bytes, '\0');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  const std::size_t entry = header.find('"' + std::string(tensor) + '"');
  constexpr std::string_view offsets = "\"data_offsets\":[";
  std::size_t at = header.find(offsets, entry);
  if (!file || entry == header.npos || at == header.npos) return {};
  at += offsets.size();
  const std::uint64_t begin = number_at(header, at);
  const std::uint64_t end = number_at(header, at);
  std::vector<std::byte> out(std::min<std::uint64_t>(end - begin, limit));
  file.seekg(static_cast<std::streamoff>(sizeof header_bytes + header_bytes + begin));
  file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
  return file ? out : std::vector<std::byte>();
}

}  // namespace cinch::test
