#include "backends/rocksdb/record_writer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "backends/rocksdb/rocksdb_status.hpp"

namespace cinch {
namespace {

constexpr std::chrono::milliseconds wait_for_flush(10);
constexpr int max_waits = 1000;

/// Copies the start of `value` into `to`.
ByteView copy_first(const ValueParts& value, MutableBytes to) {
  std::size_t copied = 0;
  for (const ByteView part : value.parts()) {
    const std::size_t count = std::min(part.size(), to.size() - copied);
    std::copy_n(part.begin(), count, to.begin() + static_cast<std::ptrdiff_t>(copied));
    copied += count;
  }
  return to.first(copied);
}

rocksdb::Slice as_slice(ByteView bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

RecordWriter::RecordWriter(Database& database, std::size_t bytes) : database_(database), batch_(bytes) {}

Status RecordWriter::set(std::string_view key, const ValueParts& value, std::uint64_t stamp,
                         std::int64_t expires_at_ms) {
  std::array<std::byte, inline_value_bytes> start;
  MetaRecord record{stamp, expires_at_ms, value.size(), 0, {}};
  record.first = copy_first(value, std::span(start).first(meta_first_bytes(record.size)));
  if (Status status = set_record(key, record); !status.ok()) return status;
  if (record.is_inline()) return remove_data(key);

  sets_data_ = true;
  parts_.clear();
  for (const ByteView part : value.parts()) parts_.push_back(as_slice(part));
  static_assert(sizeof stamp == data_trailer_bytes);
  parts_.push_back(as_slice(std::as_bytes(std::span(&stamp, 1))));
  const rocksdb::Slice key_part(key);
  return checked(batch_.Put(database_.data(), rocksdb::SliceParts(&key_part, 1),
                            rocksdb::SliceParts(parts_.data(), static_cast<int>(parts_.size()))));
}

Status RecordWriter::set_record(std::string_view key, const MetaRecord& record) {
  return checked(batch_.Put(database_.meta(), key, encode_meta(key, record)));
}

Status RecordWriter::remove(std::string_view key) {
  if (Status status = checked(batch_.Delete(database_.meta(), key)); !status.ok()) return status;
  return checked(batch_.Delete(database_.data(), key));
}

/// Removes the value in `data` that an inline one replaces. No deletion is written for a key that is not there, so that
/// a store of small values keeps `data` empty. (A larger value set concurrently may slip in and stay behind; no read
/// sees it, and the key's next large set or removal removes it.)
Status RecordWriter::remove_data(std::string_view key) {
  std::string ignored;
  rocksdb::ReadOptions in_memory;
  if (!sets_data_ && !database_.db().KeyMayExist(in_memory, database_.data(), key, &ignored)) return {};
  return checked(batch_.Delete(database_.data(), key));
}

/// RocksDB lets writes wait until memtables are flushed; but while a compaction's error lasts, it refuses them instead.
rocksdb::Status RecordWriter::write() {
  rocksdb::Status status = database_.db().Write(database_.write_options(), &batch_);
  for (int wait = 0; wait < max_waits && status.IsIncomplete(); ++wait) {
    std::this_thread::sleep_for(wait_for_flush);
    status = database_.db().Write(database_.write_options(), &batch_);
  }
  return status;
}

Status RecordWriter::commit() {
  if (Status status = checked(write()); !status.ok()) return status;
  database_.note_written();
  return {};
}

Status RecordWriter::checked(const rocksdb::Status& status) const {
  if (status.ok()) return {};
  return from_rocksdb(status, describe_database(database_.options().path));
}

}  // namespace cinch
