#include "backends/rocksdb/key_range.hpp"

#include <algorithm>
#include <memory>

namespace cinch {
namespace {

// Of keys that have as many bytes in common, some may be passed over.
constexpr std::size_t max_place_bytes = 256;

/// The first number from `first` to `end` that is not before what is sought. (clang 14 does not take libstdc++'s
/// views.)
template <class Number, class IsBefore>
Number partition_point(Number first, Number end, IsBefore is_before) {
  while (first < end) {
    const Number middle = first + (end - first) / 2;
    is_before(middle) ? first = middle + 1 : end = middle;
  }
  return first;
}

}  // namespace

std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

/// Searches, byte by byte, for where the damage ends: an iterator fails at `place` and not at `end`.
std::optional<std::string> first_readable_key(rocksdb::DB& database, rocksdb::ColumnFamilyHandle* family,
                                              const rocksdb::ReadOptions& read, std::string_view last) {
  std::unique_ptr<rocksdb::Iterator> keys;
  const auto is_readable_from = [&](const std::string& place) {
    keys.reset(database.NewIterator(read, family));  // in 7.8.3, one that met damage may repeat its error elsewhere
    keys->Seek(place);
    return keys->status().ok();
  };

  // The longest beginning of `last` behind whose keys an iterator does not fail.
  const auto is_readable_behind = [&](std::size_t length) {
    const std::string behind = end_of(last.substr(0, length));
    return behind.empty() || is_readable_from(behind);
  };
  const std::size_t most = std::min(last.size(), max_place_bytes - 1);
  const std::size_t alike = partition_point<std::size_t>(1, most + 1, is_readable_behind) - 1;
  std::string place(last.substr(0, alike)), end = end_of(place);

  int lowest = alike < last.size() ? static_cast<unsigned char>(last[alike]) + 1 : 0;
  while (place.size() < max_place_bytes) {
    const auto is_damaged = [&](int byte) { return !is_readable_from(place + static_cast<char>(byte)); };
    const int byte = partition_point(lowest, 256, is_damaged);
    if (byte < 256) end = place + static_cast<char>(byte);
    if (byte == lowest) break;  // nothing lies between the two
    place.push_back(static_cast<char>(byte - 1));
    lowest = 0;
  }
  if (end.empty() || !is_readable_from(end) || !keys->Valid()) return std::nullopt;
  return keys->key().ToString();
}

}  // namespace cinch
