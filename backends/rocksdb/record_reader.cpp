#include "backends/rocksdb/record_reader.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "backends/rocksdb/block_check.hpp"
#include "backends/rocksdb/key_range.hpp"
#include "backends/rocksdb/rocksdb_status.hpp"
#include "cinch/keys.hpp"
#include "cinch/store_support.hpp"

namespace cinch {
namespace {

std::string named(const Database& database, std::string_view key) {
  return describe_database(database.options().path) + ": " + describe_key(key);
}

/// Why a key could not be read.
Status failure(const Database& database, const rocksdb::Status& status, std::string_view key) {
  return database.from_read(status, named(database, key));
}

/// A value where RocksDB has read it to, and the cache that lends it. Needs nothing of the database itself, so that
/// values outlive its closing.
class PinnedValue final : public ValueOwner {
 public:
  explicit PinnedValue(std::shared_ptr<rocksdb::Cache> cache) : cache_(std::move(cache)) {}

  rocksdb::PinnableSlice& slice() noexcept { return slice_; }

 private:
  const std::shared_ptr<rocksdb::Cache> cache_;
  rocksdb::PinnableSlice slice_;  // destroyed before the cache that it refers to
};

std::uint64_t trailing_stamp(const rocksdb::Slice& stored) noexcept {
  std::uint64_t stamp = 0;
  std::memcpy(&stamp, stored.data() + stored.size() - sizeof stamp, sizeof stamp);
  return stamp;
}

/// Every block is verified before RocksDB parses it, by `ScopedBlockCheck` or by RocksDB itself.
rocksdb::Status get_data(const Database& database, const rocksdb::ReadOptions& read, std::string_view key,
                         rocksdb::PinnableSlice& stored) {
  if (!database.options().blobs) {
    const ScopedBlockCheck check;
    rocksdb::ReadOptions checked = read;
    checked.verify_checksums = false;
    const rocksdb::Status status = database.db().Get(checked, database.data(), key, &stored);
    if (!status.IsCorruption()) return status;
  }
  stored.Reset();
  return database.db().Get(read, database.data(), key, &stored);
}

/// The value of `record`, in `data`. `corruption` may also mean that the key was set between the two reads.
Result<Value> read_data(const Database& database, const rocksdb::ReadOptions& read, std::string_view key,
                        const MetaRecord& record) {
  const std::unique_ptr<PinnedValue, Unpin> first_owner(new PinnedValue(database.value_cache()));
  rocksdb::PinnableSlice& stored = first_owner->slice();
  const rocksdb::Status status = get_data(database, read, key, stored);
  if (status.IsNotFound()) {
    return Status(StatusCode::corruption, named(database, key) + ": its record is there, its value of " +
                                              std::to_string(record.size) + " bytes is not");
  }
  if (!status.ok()) return failure(database, status, key);
  if (stored.size() != record.size + data_trailer_bytes || trailing_stamp(stored) != record.stamp) {
    return Status(StatusCode::corruption,
                  named(database, key) + ": record and value are of different sets; expected " +
                      std::to_string(record.size) + " bytes, found " +
                      std::to_string(std::max(stored.size(), data_trailer_bytes) - data_trailer_bytes));
  }
  first_owner->pin();  // for the value returned
  const ByteView bytes = as_bytes(std::string_view(stored.data(), stored.size()));
  return Value::adopt(bytes.first(bytes.size() - data_trailer_bytes), first_owner.get());
}

Result<std::optional<Head>> read_entry_at(const Database& database, const rocksdb::ReadOptions& read,
                                          std::string_view key, std::size_t first_bytes) {
  StoredRecord record;
  const Result<bool> found = record.read(database, read, key);
  if (!found) return found.error();
  if (!*found) return std::optional<Head>();
  Head entry{record->size, record->expires_at_ms, record->stamp, {}};
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(first_bytes, record->size));
  if (wanted <= record->first.size()) {
    entry.first = Value::copy_of(record->first.first(wanted));
    return std::optional<Head>(std::move(entry));
  }
  const Result<Value> value = read_data(database, read, key, *record);
  if (!value) return value.error();
  entry.first = value->part(0, wanted);
  return std::optional<Head>(std::move(entry));
}

/// Why no key after `last` could be listed, and from which one on keys can be listed again.
Status scan_failure(const Database& database, const rocksdb::ReadOptions& read, const rocksdb::Status& status,
                    std::string_view last) {
  const Status told =
      database.from_read(status, describe_database(database.options().path) + ": scan after " + describe_key(last));
  if (!status.IsCorruption()) return told;
  const std::optional<std::string> readable = first_readable_key(database.db(), database.meta(), read, last);
  if (!readable) return told;
  return {told.code(), std::string(told.message()) + "; keys can be listed again from " + describe_key(*readable)};
}

}  // namespace

Result<bool> StoredRecord::read(const Database& database, const rocksdb::ReadOptions& read, std::string_view key) {
  const rocksdb::Status status = database.db().Get(read, database.meta(), key, &stored_);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return failure(database, status, key);
  const Result<MetaRecord> record = decode_meta(key, as_bytes(std::string_view(stored_.data(), stored_.size())));
  if (!record) return record.error().in(named(database, key));
  record_ = *record;
  was_expired_ = record_.is_expired(now_ms());
  if (was_expired_) database.note_expired(key);
  return !was_expired_;
}

Result<std::optional<Head>> read_entry(const Database& database, std::string_view key, std::size_t first_bytes) {
  Result<std::optional<Head>> entry = read_entry_at(database, {}, key, first_bytes);
  if (entry || entry.error().code() != StatusCode::corruption) return entry;
  // Perhaps record and value were of two sets. A snapshot rules that out, but takes the database's mutex twice, so not
  // every read begins with one.
  rocksdb::ManagedSnapshot snapshot(&database.db());
  rocksdb::ReadOptions read;
  read.snapshot = snapshot.snapshot();
  return read_entry_at(database, read, key, first_bytes);
}

Result<KeyPage> read_keys(const Database& database, std::string_view prefix, std::optional<std::string_view> after,
                          std::size_t limit) {
  if (Status status = check_limit(limit); !status.ok()) return status;
  const std::string end = end_of(prefix);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions read = make_scan_options();
  if (!end.empty()) read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(database.db().NewIterator(read, database.meta()));
  const std::string_view begin = after && *after >= prefix ? *after : prefix;
  at->Seek(begin);
  if (after && at->Valid() && at->key() == rocksdb::Slice(*after)) at->Next();
  KeyPage page;
  const std::int64_t now = now_ms();
  for (; at->Valid(); at->Next()) {
    const std::string_view key = at->key().ToStringView();
    if (peek_expired(as_bytes(at->value().ToStringView()), now)) {
      database.note_expired(key);
      continue;
    }
    if (page.keys.size() == limit) {
      page.more = true;
      break;
    }
    page.keys.emplace_back(key);
  }
  if (at->status().ok()) return page;
  if (page.keys.empty()) return scan_failure(database, read, at->status(), begin);
  page.more = true;  // what comes before the damage is right; the next page is the error
  return page;
}

}  // namespace cinch
