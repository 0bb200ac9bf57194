/// A file system whose files fail when they are told to.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "cinch/kv_store.hpp"

namespace cinch::test {

struct FileFailures {
  std::atomic<bool> is_quota_exhausted{false};  ///< Logs cannot grow, with what RocksDB makes of EDQUOT.
  std::atomic<bool> has_no_room_for_watermarks{false};
  std::atomic<int> reads_until_failure{-1};  ///< Of tables; the one after them fails. Below 0: none does.
};

class FailingLog final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FailingLog(std::unique_ptr<rocksdb::FSWritableFile> file, const FileFailures& failures)
      : FSWritableFileOwnerWrapper(std::move(file)), failures_(failures) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (failures_.is_quota_exhausted) {
      return rocksdb::IOStatus::IOError("While appending to file", std::strerror(EDQUOT));
    }
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }

 private:
  const FileFailures& failures_;
};

class FailingTable final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FailingTable(std::unique_ptr<rocksdb::FSRandomAccessFile> file, FileFailures& failures)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), failures_(failures) {}

  rocksdb::IOStatus Read(std::uint64_t offset, std::size_t n, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                         char* scratch, rocksdb::IODebugContext* debug) const override {
    if (failures_.reads_until_failure >= 0 && failures_.reads_until_failure-- == 0) {
      return rocksdb::IOStatus::IOError("injected");
    }
    return FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, debug);
  }

 private:
  FileFailures& failures_;
};

class FailingFs final : public rocksdb::FileSystemWrapper {
 public:
  explicit FailingFs(FileFailures& failures) : FileSystemWrapper(rocksdb::FileSystem::Default()), failures_(failures) {}

  const char* Name() const override { return "FailingFs"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* made,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(path, options, made, debug);
    if (status.ok() && path.ends_with(".log")) *made = std::make_unique<FailingLog>(std::move(*made), failures_);
    return status;
  }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* made,
                                        rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, made, debug);
    if (status.ok() && path.ends_with(".sst")) *made = std::make_unique<FailingTable>(std::move(*made), failures_);
    return status;
  }
  rocksdb::IOStatus NewRandomRWFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* made,
                                    rocksdb::IODebugContext* debug) override {
    if (failures_.has_no_room_for_watermarks) return rocksdb::IOStatus::NoSpace("injected");
    return FileSystemWrapper::NewRandomRWFile(path, options, made, debug);
  }

 private:
  FileFailures& failures_;
};

/// Sets until that works, twenty times a second, for ten seconds where it is not told otherwise: a store tries to open
/// its database anew once a second.
inline Status set_once_reopened(KvStore& store, std::string_view key, std::string_view value, int attempts = 200) {
  Status status = store.set(key, value);
  for (int i = 0; i < attempts && !status.ok(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    status = store.set(key, value);
  }
  return status;
}

}  // namespace cinch::test
