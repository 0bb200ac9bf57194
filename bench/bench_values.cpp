#include "bench/bench_values.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>

#include "tests/support/payloads.hpp"

namespace cinch::bench {
namespace {

using Values = std::vector<std::vector<std::byte>>;

/// All K tensors of a file, one after the other.
std::vector<std::byte> read_k_tensors(const std::string& path) {
  std::vector<std::byte> out;
  for (int layer = 0; layer < 64; ++layer) {
    const std::vector<std::byte> tensor = test::read_tensor(path, "layers." + std::to_string(layer) + ".k");
    out.insert(out.end(), tensor.begin(), tensor.end());
  }
  return out;
}

constexpr const char* data_set[] = {"long-5461", "chat-1024", "code-1024"};

/// Real K tensors: the data set's where it is at hand, else the shipped sample's.
const std::vector<std::byte>& tensor_bytes() {
  static const std::vector<std::byte> all = [] {
    std::vector<std::byte> bytes;
    for (const char* name : data_set) {
      if (const auto path = test::real_tensor_file(name)) {
        const std::vector<std::byte> more = read_k_tensors(*path);
        bytes.insert(bytes.end(), more.begin(), more.end());
      }
    }
    if (bytes.empty()) bytes = read_k_tensors(CINCH_SOURCE_DIR "/tools/data/kv-sample.safetensors");
    if (bytes.empty()) throw std::runtime_error("no tensors: tools/data/kv-sample.safetensors cannot be read");
    return bytes;
  }();
  return all;
}

std::vector<std::byte> tensor(std::size_t bytes, std::size_t index) {
  const std::vector<std::byte>& all = tensor_bytes();
  std::vector<std::byte> out(bytes);
  std::size_t from = index * bytes % all.size();
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t step = std::min(bytes - at, all.size() - from);
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(from), step, out.begin() + static_cast<std::ptrdiff_t>(at));
    at += step;
    from = 0;
  }
  return out;
}

constexpr std::uint64_t sample_heads = 3;
constexpr std::uint64_t sample_head_dim = 64;

void add_tensors(const std::string& path, const std::string& name, Tensors& out) {
  for (int layer = 0; layer < 64; ++layer) {
    for (auto [letter, list] : {std::pair{'k', &out.k}, std::pair{'v', &out.v}}) {
      const std::string tensor_name = "layers." + std::to_string(layer) + "." + letter;
      Tensor tensor{name + "/" + tensor_name, test::read_tensor(path, tensor_name), {}};
      if (tensor.bytes.empty()) continue;
      const std::uint64_t tokens = tensor.bytes.size() / (2 * sample_heads * sample_head_dim);
      tensor.shape = make_tensor(Dtype::bf16, std::array{tokens, sample_heads, sample_head_dim}).value();
      list->push_back(std::move(tensor));
    }
  }
}

Tensors read_tensors(bool few) {
  Tensors out;
  for (const char* name : data_set) {
    const auto path = few ? std::nullopt : test::real_tensor_file(name);
    if (path) add_tensors(*path, name, out);
  }
  out.origin = "long-5461, chat-1024 and code-1024 of the data set";
  if (!out.k.empty()) return out;
  add_tensors(CINCH_SOURCE_DIR "/tools/data/kv-sample.safetensors", "kv-sample", out);
  out.origin = "the shipped sample, 2 MB";
  if (out.k.empty()) throw std::runtime_error("no tensors: tools/data/kv-sample.safetensors cannot be read");
  return out;
}

Values make(std::string_view content, std::size_t bytes) {
  constexpr std::size_t working_set = 48u << 20;
  const std::size_t count = std::clamp<std::size_t>(working_set / bytes, 2, 4096);
  Values out;
  for (std::size_t i = 0; i < count; ++i) {
    if (content == "tensor") {
      out.push_back(tensor(bytes, i));
    } else {
      const test::PayloadKind kind = content == "json"   ? test::PayloadKind::json
                                     : content == "text" ? test::PayloadKind::text
                                                         : test::PayloadKind::random;
      out.push_back(test::make_payload(kind, bytes, i + 1));
    }
  }
  return out;
}

}  // namespace

std::size_t total_bytes(const std::vector<Tensor>& tensors) noexcept {
  std::size_t total = 0;
  for (const Tensor& tensor : tensors) total += tensor.bytes.size();
  return total;
}

const Tensors& tensors(bool few) {
  if (few) {
    static const Tensors sample = read_tensors(true);
    return sample;
  }
  static const Tensors all = read_tensors(false);
  return all;
}

const Values& values(std::string_view content, std::size_t bytes) {
  static std::map<std::pair<std::string, std::size_t>, Values> made;
  const auto [entry, fresh] = made.try_emplace({std::string(content), bytes});
  if (fresh) entry->second = make(content, bytes);
  return entry->second;
}

}  // namespace cinch::bench
