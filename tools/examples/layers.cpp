// The KV cache of a transformer's layers, keys "layer:{i}:kv": the example of Trueno-DB's CompressedKvStore, with real
// tensors. Arguments: tools/data/kv-sample.safetensors, and a codec spec if not lz4.
#include <algorithm>
#include <cinch/backend_registry.hpp>
#include <cinch/compressed_kv_store.hpp>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <vector>

namespace {

constexpr std::size_t layers = 12;
constexpr std::uint64_t tokens = 216, heads = 3, head_dim = 64;  // of the sample, see tools/data/README.md

std::string key_of(std::size_t layer) { return "layer:" + std::to_string(layer) + ":kv"; }

/// K and V of each layer, [2, tokens, heads, head_dim] in bf16. They lie one after the other behind the file's header.
std::vector<std::vector<std::byte>> read_layers(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::uint64_t header_bytes = 0;
  file.read(reinterpret_cast<char*>(&header_bytes), sizeof header_bytes);
  file.seekg(static_cast<std::streamoff>(sizeof header_bytes + header_bytes));
  std::vector<std::vector<std::byte>> caches(layers);
  for (std::vector<std::byte>& cache : caches) {
    cache.resize(2 * tokens * heads * head_dim * 2);
    file.read(reinterpret_cast<char*>(cache.data()), static_cast<std::streamsize>(cache.size()));
  }
  if (!file) caches.clear();
  return caches;
}

cinch::Status store_and_compare(cinch::CompressedKvStore& store, const std::vector<std::vector<std::byte>>& caches) {
  cinch::SetOptions options;
  const auto shape = cinch::make_tensor(cinch::Dtype::bf16, std::vector<std::uint64_t>{2, tokens, heads, head_dim}, 1);
  if (!shape) return shape.error();
  options.tensor = *shape;
  for (std::size_t i = 0; i < layers; ++i) {
    if (cinch::Status status = store.set(key_of(i), cinch::ByteView(caches[i]), options); !status.ok()) return status;
  }
  std::size_t raw = 0;
  std::size_t stored = 0;
  for (std::size_t i = 0; i < layers; ++i) {
    const auto cache = store.get(key_of(i));
    if (!cache) return cache.error();
    if (!*cache || !std::ranges::equal((*cache)->bytes(), caches[i])) {
      return {cinch::StatusCode::corruption, key_of(i) + " came back different"};
    }
    const auto info = store.inspect(key_of(i));
    if (!info) return info.error();
    raw += caches[i].size();
    stored += (*info)->stored_bytes;
  }
  std::cout << layers << " layers came back bit for bit; " << store.codec()->format().spec() << ": " << raw
            << " bytes in " << stored << ", " << static_cast<double>(raw) / static_cast<double>(stored)
            << " times smaller\n";
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: layers kv-sample.safetensors [SPEC]\n";
    return 2;
  }
  const std::vector<std::vector<std::byte>> caches = read_layers(argv[1]);
  if (caches.empty()) {
    std::cerr << argv[1] << ": cannot be read as the sample\n";
    return 1;
  }
  const auto memory = cinch::bundled_backends().open("memory", {{"capacity", "64MiB"}});
  const auto codec = cinch::default_registry().codec(argc > 2 ? argv[2] : "lz4");
  cinch::Status status = memory ? codec.status() : memory.status();
  if (status.ok()) {
    cinch::CompressedKvStore store(*memory, *codec);
    status = store_and_compare(store, caches);
  }
  if (!status.ok()) std::cerr << status.to_string() << "\n";
  return status.ok() ? 0 : 1;
}
