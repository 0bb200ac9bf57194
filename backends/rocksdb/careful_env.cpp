#include "backends/rocksdb/careful_env.hpp"

#include <rocksdb/file_system.h>

#include <limits>
#include <string>
#include <utility>

#include "backends/rocksdb/block_check.hpp"
#include "backends/rocksdb/log_check.hpp"
#include "backends/rocksdb/rocksdb_status.hpp"
#include "backends/rocksdb/table_check.hpp"

namespace cinch {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

IOStatus quota_as_no_space(IOStatus status) {
  if (!status.IsIOError() || status.IsNoSpace()) return status;
  const std::string text = status.ToString();
  return is_quota_error(text) ? IOStatus::NoSpace(text) : status;
}

class CarefulFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return quota_as_no_space(FSWritableFileOwnerWrapper::Append(data, options, debug));
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification, IODebugContext* debug) override {
    return quota_as_no_space(FSWritableFileOwnerWrapper::Append(data, options, verification, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return quota_as_no_space(FSWritableFileOwnerWrapper::Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return quota_as_no_space(FSWritableFileOwnerWrapper::Fsync(options, debug));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return quota_as_no_space(FSWritableFileOwnerWrapper::Close(options, debug));
  }
};

/// A file that a compaction writes.
class CompactionFile final : public CarefulFile {
 public:
  CompactionFile(std::unique_ptr<rocksdb::FSWritableFile> file, DiskSpace& space)
      : CarefulFile(std::move(file)), space_(space) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return space_.take_for_compaction(data.size()) ? CarefulFile::Append(data, options, debug) : no_room();
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification, IODebugContext* debug) override {
    return space_.take_for_compaction(data.size()) ? CarefulFile::Append(data, options, verification, debug)
                                                   : no_room();
  }

 private:
  static IOStatus no_room() { return IOStatus::NoSpace("a compaction needs more than the disk has left for it"); }

  DiskSpace& space_;
};

class CarefulFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  CarefulFileSystem(const std::shared_ptr<rocksdb::FileSystem>& base, DiskSpace& space,
                    std::shared_ptr<CompactionFiles> compaction_files)
      : FileSystemWrapper(base), space_(space), compaction_files_(std::move(compaction_files)) {}

  const char* Name() const override { return "cinch.careful"; }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* made, IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewWritableFile(path, options, made, debug);
    const bool is_of_compaction = compaction_files_->take(path);
    if (!status.ok()) return quota_as_no_space(std::move(status));
    if (is_of_compaction) {
      *made = std::make_unique<CompactionFile>(std::move(*made), space_);
    } else {
      *made = std::make_unique<CarefulFile>(std::move(*made));
    }
    return status;
  }

  IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* made, IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewSequentialFile(path, options, made, debug);
    if (status.ok() && path.ends_with(".log")) *made = make_log_checked(std::move(*made), *target(), path);
    return status;
  }

  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* made, IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, made, debug);
    if (!status.ok()) return status;
    const bool is_table = path.ends_with(".sst");
    *made = make_block_checked(std::move(*made), is_table);
    if (!is_table) return status;
    std::uint64_t bytes = 0;
    status = GetFileSize(path, options.io_options, &bytes, debug);
    if (status.ok()) status = check_table(**made, bytes);
    return status.IsCorruption() ? IOStatus::Corruption(path, status.ToString()) : status;
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (to.ends_with("/CURRENT")) {
      std::unique_ptr<rocksdb::FSDirectory> directory;
      IOStatus status = NewDirectory(to.substr(0, to.rfind('/')), options, &directory, debug);
      if (status.ok()) status = directory->Fsync(options, debug);
      if (!status.ok()) return status;
    }
    return quota_as_no_space(FileSystemWrapper::RenameFile(from, to, options, debug));
  }

  IOStatus GetFreeSpace(const std::string& path, const IOOptions& options, std::uint64_t* bytes,
                        IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::GetFreeSpace(path, options, bytes, debug);
    if (space_.is_worth_a_compaction()) *bytes = std::numeric_limits<std::uint64_t>::max();
    return status;
  }

 private:
  DiskSpace& space_;
  const std::shared_ptr<CompactionFiles> compaction_files_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_careful_env(rocksdb::Env& base, DiskSpace& space,
                                               std::shared_ptr<CompactionFiles> compaction_files) {
  return rocksdb::NewCompositeEnv(
      std::make_shared<CarefulFileSystem>(base.GetFileSystem(), space, std::move(compaction_files)));
}

}  // namespace cinch
