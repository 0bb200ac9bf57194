#include "backends/rocksdb/database_stats.hpp"

#include <filesystem>

namespace cinch {
namespace {

using Property = rocksdb::DB::Properties;

std::uint64_t property(const Database& database, rocksdb::ColumnFamilyHandle* family, const std::string& name) {
  std::uint64_t value = 0;
  return database.db().GetIntProperty(family, name, &value) ? value : 0;
}

/// Total size of the files in the directory. A file that is deleted meanwhile counts as nothing.
std::uint64_t files_bytes(const std::string& path) {
  namespace fs = std::filesystem;
  std::uint64_t bytes = 0;
  std::error_code failed;
  for (fs::directory_iterator entry(path, failed); !failed && entry != fs::directory_iterator();
       entry.increment(failed)) {
    std::error_code gone;
    const std::uintmax_t size = entry->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

/// Flushes and compactions that are running or pending.
std::uint64_t background_work(const Database& database) {
  std::uint64_t work = property(database, database.meta(), Property::kNumRunningFlushes) +
                       property(database, database.meta(), Property::kNumRunningCompactions);
  for (rocksdb::ColumnFamilyHandle* const family : {database.meta(), database.data()}) {
    work += property(database, family, Property::kMemTableFlushPending) +
            property(database, family, Property::kCompactionPending);
  }
  return work;
}

}  // namespace

std::uint64_t memtable_bytes(const Database& database) {
  return property(database, database.meta(), Property::kCurSizeAllMemTables) +
         property(database, database.data(), Property::kCurSizeAllMemTables);
}

StoreStats read_stats(const Database& database) {
  rocksdb::ColumnFamilyHandle* const meta = database.meta();
  rocksdb::ColumnFamilyHandle* const data = database.data();
  const std::uint64_t memtables = memtable_bytes(database);
  const std::uint64_t tables =
      property(database, meta, Property::kLiveSstFilesSize) + property(database, data, Property::kLiveSstFilesSize);
  const std::uint64_t blobs = property(database, data, Property::kLiveBlobFileSize);
  const std::uint64_t garbage = property(database, data, Property::kLiveBlobFileGarbageSize);

  StoreStats stats;
  stats.estimated = true;  // RocksDB counts an overwritten key twice until a compaction merges the two
  stats.values = property(database, meta, Property::kEstimateNumKeys);
  stats.stored_bytes = memtables + tables + (blobs > garbage ? blobs - garbage : 0);
  stats.lost_writes = database.lost_writes();
  stats.counters = {{"files_bytes", files_bytes(database.options().path)},
                    {"blob_bytes", blobs},
                    {"blob_garbage_bytes", garbage},
                    {"memtable_bytes", memtables},
                    {"background_work", background_work(database)},
                    {"background_errors", property(database, meta, Property::kBackgroundErrors)}};
  return stats;
}

}  // namespace cinch
