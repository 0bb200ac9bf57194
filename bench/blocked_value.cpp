#include "bench/blocked_value.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "cinch/compressed_kv_store.hpp"

namespace cinch::bench {

std::unique_ptr<tool::LibraryCodec> make_library(const std::string& spec) {
  const auto codec = default_registry().codec(spec);
  std::unique_ptr<tool::LibraryCodec> library = codec ? tool::library_codec((*codec)->format()) : nullptr;
  if (!library) throw std::invalid_argument("no plain library for " + spec);
  return library;
}

std::size_t block_bytes_of(const std::string& spec) {
  return cinch::block_bytes_of(*default_registry().codec(spec).value());
}

BlockedValue::BlockedValue(tool::LibraryCodec& library, ByteView value, std::size_t block_bytes)
    : library_(library), value_(value), block_bytes_(block_bytes), decoded_(value.size()) {
  const std::size_t count = (value.size() + block_bytes - 1) / block_bytes;
  for (std::size_t i = 0; i < count; ++i) encoded_.emplace_back(library.bound(block(i).size()));
  lengths_.resize(count);
}

ByteView BlockedValue::block(std::size_t index) const noexcept {
  const std::size_t at = index * block_bytes_;
  return value_.subspan(at, std::min(block_bytes_, value_.size() - at));
}

void BlockedValue::encode() {
  for (std::size_t i = 0; i < encoded_.size(); ++i) {
    lengths_[i] = library_.compress(block(i), encoded_[i]);
    if (lengths_[i] == 0) throw std::runtime_error("the plain library did not encode");
  }
}

void BlockedValue::decode() {
  for (std::size_t i = 0; i < encoded_.size(); ++i) {
    const MutableBytes to = MutableBytes(decoded_).subspan(i * block_bytes_, block(i).size());
    const std::size_t length = library_.decompress(ByteView(encoded_[i]).first(lengths_[i]), to);
    if (length != to.size()) throw std::runtime_error("the plain library did not decode");
  }
}

bool BlockedValue::is_right() {
  encode();
  std::ranges::fill(decoded_, std::byte{0});
  decode();
  return std::ranges::equal(decoded_, value_);
}

std::size_t BlockedValue::encoded_bytes() const noexcept {
  return std::accumulate(lengths_.begin(), lengths_.end(), std::size_t{0});
}

}  // namespace cinch::bench
