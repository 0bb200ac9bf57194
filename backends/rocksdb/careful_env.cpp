#include "backends/rocksdb/careful_env.hpp"

#include <rocksdb/file_system.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace cinch {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

/// RocksDB keeps of errno only its text, in the language of the process.
IOStatus told_as_no_space(IOStatus status) {
  if (!status.IsIOError() || status.IsNoSpace()) return status;
  const std::string text = status.ToString();
  const bool is_quota =
      text.find(strerrordesc_np(EDQUOT)) != std::string::npos || text.find(std::strerror(EDQUOT)) != std::string::npos;
  return is_quota ? IOStatus::NoSpace(text) : status;
}

class CarefulFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return told_as_no_space(FSWritableFileOwnerWrapper::Append(data, options, debug));
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification, IODebugContext* debug) override {
    return told_as_no_space(FSWritableFileOwnerWrapper::Append(data, options, verification, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return told_as_no_space(FSWritableFileOwnerWrapper::Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return told_as_no_space(FSWritableFileOwnerWrapper::Fsync(options, debug));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return told_as_no_space(FSWritableFileOwnerWrapper::Close(options, debug));
  }
};

class CarefulFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  const char* Name() const override { return "cinch.careful"; }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* made, IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewWritableFile(path, options, made, debug);
    if (status.ok()) *made = std::make_unique<CarefulFile>(std::move(*made));
    return told_as_no_space(std::move(status));
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (to.ends_with("/CURRENT")) {
      std::unique_ptr<rocksdb::FSDirectory> directory;
      IOStatus status = NewDirectory(to.substr(0, to.rfind('/')), options, &directory, debug);
      if (status.ok()) status = directory->Fsync(options, debug);
      if (!status.ok()) return status;
    }
    return told_as_no_space(FileSystemWrapper::RenameFile(from, to, options, debug));
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_careful_env(rocksdb::Env& base) {
  return rocksdb::NewCompositeEnv(std::make_shared<CarefulFileSystem>(base.GetFileSystem()));
}

}  // namespace cinch
