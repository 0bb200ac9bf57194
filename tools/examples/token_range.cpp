// A KV cache in RocksDB: one process stores it layer by layer, another one reads a range of tokens back and decodes
// only the blocks that hold them.
//   token_range store DIRECTORY kv-sample.safetensors [SPEC]
//   token_range read  DIRECTORY LAYER FIRST COUNT
#include <algorithm>
#include <charconv>
#include <cinch/compressed_kv_store.hpp>
#include <cinch/store_config.hpp>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t layers = 12;
constexpr std::uint64_t tokens = 216, heads = 3, head_dim = 64;  // of the sample, see tools/data/README.md
constexpr std::uint64_t token_bytes = heads * head_dim * 2;      // bf16

using Store = std::shared_ptr<cinch::CompressedKvStore>;

std::string key_of(std::uint64_t layer, const char* which) { return "layers." + std::to_string(layer) + "." + which; }

cinch::Result<Store> open(const std::string& directory, const std::string& codec) {
  auto config = cinch::StoreConfig::from_url("rocksdb:" + directory);
  if (!config) return config.error();
  config->codec = codec;
  // A block is what a range decodes at least: small blocks for short ranges, large ones for the best ratio.
  config->compressed.block_bytes = 16 << 10;
  return cinch::open_store(*config);
}

/// Layer after layer, as a server that offloads its cache would: K and V of a layer in one batch.
cinch::Status store_layers(cinch::CompressedKvStore& store, std::ifstream& file) {
  cinch::SetOptions options;
  const auto shape = cinch::make_tensor(cinch::Dtype::bf16, std::vector<std::uint64_t>{tokens, heads, head_dim});
  if (!shape) return shape.error();
  options.tensor = *shape;
  std::vector<std::byte> k(tokens * token_bytes), v(k.size());
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (std::vector<std::byte>* tensor : {&k, &v}) {
      file.read(reinterpret_cast<char*>(tensor->data()), static_cast<std::streamsize>(tensor->size()));
    }
    if (!file) return {cinch::StatusCode::io_error, "the sample ends too soon"};
    const std::string k_key = key_of(layer, "k"), v_key = key_of(layer, "v");
    const std::vector<cinch::SetItem> both = {{k_key, cinch::ByteView(k), options},
                                              {v_key, cinch::ByteView(v), options}};
    if (cinch::Status status = store.batch_set(both); !status.ok()) return status;
  }
  return store.close();  // everything is in the files now
}

/// The sample's data, from the first layer on. No stream where the file is another: what it holds would make no sense.
std::ifstream open_sample(const std::string& path) {
  constexpr std::uint64_t data_bytes = layers * 2 * tokens * token_bytes + tokens * sizeof(std::int32_t);  // and ids
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto file_bytes = static_cast<std::uint64_t>(file.tellg());
  std::uint64_t header_bytes = 0;
  file.seekg(0).read(reinterpret_cast<char*>(&header_bytes), sizeof header_bytes);
  file.seekg(static_cast<std::streamoff>(sizeof header_bytes + header_bytes));
  if (file_bytes != sizeof header_bytes + header_bytes + data_bytes) file.setstate(std::ios::failbit);
  return file;
}

int store_cache(const std::string& directory, const std::string& path, const std::string& codec) {
  if (!std::ifstream(path)) {
    std::cerr << path << ": cannot be opened\n";
    return 1;
  }
  std::ifstream file = open_sample(path);
  if (!file) {
    std::cerr << path << ": is not kv-sample.safetensors, whose layers and tokens are known here\n";
    return 1;
  }
  const cinch::Result<Store> store = open(directory, codec);
  const cinch::Status status = store ? store_layers(**store, file) : store.error();
  if (!status.ok()) {
    std::cerr << status.to_string() << "\n";
    return 1;
  }
  std::cout << "stored " << layers << " layers of " << tokens << " tokens\n";
  return 0;
}

/// The tokens as they were decoded alone, when the whole value says the same.
cinch::Status read_tokens(cinch::CompressedKvStore& store, const std::string& key, std::uint64_t first,
                          std::uint64_t count) {
  if (count > tokens) return {cinch::StatusCode::invalid_argument, "at most " + std::to_string(tokens) + " tokens"};
  std::vector<std::byte> range(count * token_bytes);
  const cinch::Result<bool> found = store.get_tokens(key, first, count, range);
  if (!found) return found.error();
  const auto whole = store.get(key);
  const auto info = store.inspect(key);
  if (!whole || !info) return whole ? info.error() : whole.error();
  if (!*found || !*whole) return {cinch::StatusCode::invalid_argument, key + " is not in the store"};
  if (!std::ranges::equal(range, (*whole)->bytes().subspan(first * token_bytes, range.size()))) {
    return {cinch::StatusCode::corruption, key + ": the range differs from the value"};
  }
  std::cout << key << ", tokens " << first << " to " << first + count << ": " << range.size() << " of "
            << (*info)->decoded_bytes << " bytes, stored in " << (*info)->stored_bytes << " as "
            << (*info)->format.spec();
  if ((*info)->loss) std::cout << ", relative error " << (*info)->loss->relative_error;
  std::cout << "\n";
  return {};
}

int read_range(const std::string& directory, const std::vector<std::uint64_t>& numbers) {
  const cinch::Result<Store> store = open(directory, "raw");  // whatever it was stored with
  cinch::Status status = store.status();
  for (const char* which : {"k", "v"}) {
    if (status.ok()) status = read_tokens(**store, key_of(numbers[0], which), numbers[1], numbers[2]);
  }
  if (!status.ok()) std::cerr << status.to_string() << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if ((argc == 4 || argc == 5) && arguments[0] == "store") {
    return store_cache(arguments[1], arguments[2], argc == 5 ? arguments[3] : "zstd");
  }
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    std::uint64_t number = 0;
    const std::string& text = arguments[i];
    if (std::from_chars(text.data(), text.data() + text.size(), number).ptr == text.data() + text.size()) {
      numbers.push_back(number);
    }
  }
  if (argc == 6 && numbers.size() == 3 && arguments[0] == "read") return read_range(arguments[1], numbers);
  std::cerr << "usage: token_range store DIRECTORY kv-sample.safetensors [SPEC]\n"
               "       token_range read  DIRECTORY LAYER FIRST COUNT\n";
  return 2;
}
