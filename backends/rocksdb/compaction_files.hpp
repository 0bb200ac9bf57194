/// Knows which files compactions write: RocksDB tells that to its listeners, but to its file system only the names.
#pragma once

#include <rocksdb/listener.h>

#include <mutex>
#include <set>
#include <string>

#include "backends/rocksdb/disk_space.hpp"

namespace cinch {

/// Thread-safe.
class CompactionFiles final : public rocksdb::EventListener {
 public:
  /// Borrows `space`.
  explicit CompactionFiles(DiskSpace& space) : space_(space) {}

  /// Whether the file being created at `path` is a compaction's. To be asked once per file.
  bool take(const std::string& path);

  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo&) override { space_.note_flush(); }
  void OnCompactionBegin(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override { space_.note_compaction_begin(); }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override { space_.note_compaction_end(); }
  void OnTableFileCreationStarted(const rocksdb::TableFileCreationBriefInfo& file) override;
  void OnBlobFileCreationStarted(const rocksdb::BlobFileCreationBriefInfo& file) override;

 private:
  void note(const std::string& path) noexcept;

  DiskSpace& space_;
  std::mutex mutex_;
  std::set<std::string> paths_;
};

}  // namespace cinch
