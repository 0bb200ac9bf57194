#include "tests/rocksdb/power_loss_fs.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "tests/support/files.hpp"

namespace cinch::test {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class TrackedWritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  TrackedWritableFile(PowerLossFs& fs, std::shared_ptr<LosableFile> file, std::uint64_t size,
                      std::unique_ptr<rocksdb::FSWritableFile> target)
      : FSWritableFileOwnerWrapper(std::move(target)), fs_(fs), file_(std::move(file)), size_(size) {}

  using FSWritableFileOwnerWrapper::Append;
  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    fs_.note_write(*file_, size_, data);
    size_ += data.size();
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    fs_.note_sync(*file_);
    return IOStatus::OK();
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();  // promises nothing
  }

 private:
  PowerLossFs& fs_;
  const std::shared_ptr<LosableFile> file_;
  std::uint64_t size_;
};

class TrackedRandomRWFile final : public rocksdb::FSRandomRWFileOwnerWrapper {
 public:
  TrackedRandomRWFile(PowerLossFs& fs, std::shared_ptr<LosableFile> file,
                      std::unique_ptr<rocksdb::FSRandomRWFile> target)
      : FSRandomRWFileOwnerWrapper(std::move(target)), fs_(fs), file_(std::move(file)) {}

  IOStatus Write(std::uint64_t offset, const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    fs_.note_write(*file_, offset, data);
    return FSRandomRWFileOwnerWrapper::Write(offset, data, options, debug);
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    fs_.note_sync(*file_);
    return IOStatus::OK();
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }

 private:
  PowerLossFs& fs_;
  const std::shared_ptr<LosableFile> file_;
};

class TrackedDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  TrackedDirectory(PowerLossFs& fs, std::unique_ptr<rocksdb::FSDirectory>&& target)
      : FSDirectoryWrapper(std::move(target)), fs_(fs) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    fs_.note_directory_sync();
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  PowerLossFs& fs_;
};

void apply(std::string& content, std::uint64_t offset, std::string_view bytes) {
  content.resize(std::max<std::size_t>(content.size(), offset + bytes.size()));
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

PowerLossFs::PowerLossFs(std::string directory, std::uint64_t cut_at, std::uint64_t seed, std::function<void()> on_cut)
    : FileSystemWrapper(rocksdb::FileSystem::Default()),
      directory_(std::move(directory)),
      cut_at_(cut_at),
      on_cut_(std::move(on_cut)),
      random_(seed) {
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    auto file = std::make_shared<LosableFile>();
    file->synced = read_file(entry.path());
    names_[entry.path().filename().string()] = file;
  }
  durable_names_ = names_;
}

bool PowerLossFs::is_cut() const {
  const std::lock_guard lock(mutex_);
  return image_.has_value();
}

std::uint64_t PowerLossFs::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

PowerLossFs::Image PowerLossFs::image() {
  const std::lock_guard lock(mutex_);
  if (!image_) cut();
  return *image_;
}

void PowerLossFs::count_operation() {
  if (++operations_ == cut_at_ && !image_) cut();
}

void PowerLossFs::cut() {
  on_cut_();
  Names left = durable_names_;
  // A journal keeps the order of changes; without one, those of one name follow each other and nothing else is sure.
  const bool in_order = random(2) == 0;
  const std::size_t kept = random(changes_.size() + 1);
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (in_order ? i >= kept : random(2) == 0) continue;
    for (const auto& [name, file] : changes_[i]) {
      if (file) {
        left[name] = file;
      } else {
        left.erase(name);
      }
    }
  }
  image_.emplace();
  for (const auto& [name, file] : left) (*image_)[name] = surviving(*file);
}

/// The disk wrote the blocks of the cache that it came to, in any order. A block between others that it did not come to
/// reads as zeros.
std::string PowerLossFs::surviving(const LosableFile& file) {
  std::string content = file.synced;
  const std::uint64_t block = random(2) == 0 ? 512 : 4096;
  const std::uint64_t kept_of_8 = random(9);  // none to all
  const bool is_cut_short = random(2) == 0;   // blocks in order, the first that is missing is the last
  std::map<std::uint64_t, bool> is_kept;
  bool is_over = false;
  for (const LosableFile::Write& write : file.unsynced) {
    for (std::uint64_t at = 0; at < write.bytes.size();) {
      const std::uint64_t offset = write.offset + at;
      const std::uint64_t count = std::min(block - offset % block, write.bytes.size() - at);
      const auto [found, is_new] = is_kept.try_emplace(offset / block, true);
      if (is_new) {
        found->second = !is_over && random(8) < kept_of_8;
        is_over = is_over || (is_cut_short && !found->second);
      }
      if (found->second) apply(content, offset, std::string_view(write.bytes).substr(at, count));
      at += count;
    }
  }
  return content;
}

std::string PowerLossFs::name_of(const std::string& path) const {
  const std::filesystem::path file(path);
  return file.parent_path() == directory_ ? file.filename().string() : std::string();
}

IOStatus PowerLossFs::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* made, IODebugContext* debug) {
  const IOStatus status = FileSystemWrapper::NewWritableFile(path, options, made, debug);
  const std::string name = name_of(path);
  if (!status.ok() || name.empty()) return status;
  const std::lock_guard lock(mutex_);
  count_operation();
  auto file = std::make_shared<LosableFile>();
  names_[name] = file;
  changes_.push_back({{name, file}});
  *made = std::make_unique<TrackedWritableFile>(*this, std::move(file), 0, std::move(*made));
  return status;
}

/// cinch never reopens a file to append to it.
IOStatus PowerLossFs::ReopenWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                         std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) {
  return IOStatus::NotSupported(path);
}

IOStatus PowerLossFs::NewRandomRWFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSRandomRWFile>* made, IODebugContext* debug) {
  const IOStatus status = FileSystemWrapper::NewRandomRWFile(path, options, made, debug);
  const std::string name = name_of(path);
  if (!status.ok() || name.empty()) return status;
  const std::lock_guard lock(mutex_);
  *made = std::make_unique<TrackedRandomRWFile>(*this, names_.at(name), std::move(*made));
  return status;
}

IOStatus PowerLossFs::NewDirectory(const std::string& path, const IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* made, IODebugContext* debug) {
  const IOStatus status = FileSystemWrapper::NewDirectory(path, options, made, debug);
  if (status.ok() && path == directory_) *made = std::make_unique<TrackedDirectory>(*this, std::move(*made));
  return status;
}

IOStatus PowerLossFs::DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  const IOStatus status = FileSystemWrapper::DeleteFile(path, options, debug);
  if (!status.ok() || names_.erase(name_of(path)) == 0) return status;
  count_operation();
  changes_.push_back({{name_of(path), nullptr}});
  return status;
}

IOStatus PowerLossFs::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                 IODebugContext* debug) {
  const std::lock_guard lock(mutex_);
  const IOStatus status = FileSystemWrapper::RenameFile(from, to, options, debug);
  const auto found = names_.find(name_of(from));
  if (!status.ok() || found == names_.end()) return status;
  count_operation();
  changes_.push_back({{name_of(from), nullptr}, {name_of(to), found->second}});
  names_[name_of(to)] = found->second;
  names_.erase(found);
  return status;
}

void PowerLossFs::note_write(LosableFile& file, std::uint64_t offset, const Slice& bytes) {
  const std::lock_guard lock(mutex_);
  count_operation();
  file.unsynced.push_back({offset, bytes.ToString()});
}

void PowerLossFs::note_sync(LosableFile& file) {
  const std::lock_guard lock(mutex_);
  count_operation();
  for (const LosableFile::Write& write : file.unsynced) apply(file.synced, write.offset, write.bytes);
  file.unsynced.clear();
}

void PowerLossFs::note_directory_sync() {
  const std::lock_guard lock(mutex_);
  count_operation();
  durable_names_ = names_;
  changes_.clear();
}

}  // namespace cinch::test
