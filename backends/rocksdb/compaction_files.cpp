#include "backends/rocksdb/compaction_files.hpp"

#include <exception>

namespace cinch {

bool CompactionFiles::take(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return paths_.erase(path) != 0;
}

void CompactionFiles::OnTableFileCreationStarted(const rocksdb::TableFileCreationBriefInfo& file) {
  if (file.reason == rocksdb::TableFileCreationReason::kCompaction) note(file.file_path);
}

void CompactionFiles::OnBlobFileCreationStarted(const rocksdb::BlobFileCreationBriefInfo& file) {
  if (file.reason == rocksdb::BlobFileCreationReason::kCompaction) note(file.file_path);
}

void CompactionFiles::note(const std::string& path) noexcept try {
  const std::lock_guard lock(mutex_);
  paths_.insert(path);
} catch (const std::exception&) {  // out of memory: the file may then use up the reserve
}

}  // namespace cinch
