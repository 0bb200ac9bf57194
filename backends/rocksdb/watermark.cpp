#include "backends/rocksdb/watermark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include "cinch/log.hpp"
#include "engine/checksum.hpp"

namespace cinch {
namespace {

// The file holds two copies of the record: the first is updated after every write, the second when a store opens and
// closes. A flipped bit damages only one of them; each lies in a sector of its own.
constexpr off_t copies = 2;
constexpr off_t copy_distance = 512;
constexpr std::uint64_t magic = 0x316b72616d726574;  // "termark1": ends with the version of the file

struct Stored {
  std::uint64_t magic;
  std::uint32_t state;
  std::uint32_t reserved;
  std::uint64_t sequence;
  std::uint64_t lost_writes;
  std::uint64_t manifest_number;
  std::uint64_t manifest_hash;
  std::uint64_t logs_hash;
  std::uint64_t checksum;  // of all fields before it
};
static_assert(sizeof(Stored) == 64);

std::uint64_t checksum_of(const Stored& stored) noexcept {
  return checksum(std::as_bytes(std::span(&stored, 1)).first(offsetof(Stored, checksum)));
}

std::string path_of(const std::string& directory) { return directory + "/" + watermark_file; }

std::optional<WatermarkRecord> read_copy(int file, off_t copy) {
  Stored stored{};
  if (pread(file, &stored, sizeof stored, copy * copy_distance) != sizeof stored) return std::nullopt;
  if (stored.magic != magic || stored.checksum != checksum_of(stored)) return std::nullopt;
  return WatermarkRecord{static_cast<WatermarkRecord::State>(stored.state),
                         stored.sequence,
                         stored.lost_writes,
                         {stored.manifest_number, stored.manifest_hash, stored.logs_hash}};
}

}  // namespace

Result<WatermarkFound> read_watermark(const std::string& directory) {
  WatermarkFound found;
  const int file = ::open(path_of(directory).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return found;
  if (file < 0) return Status(StatusCode::io_error, path_of(directory) + ": " + std::generic_category().message(errno));
  for (off_t copy = 0; copy < copies; ++copy) {
    const std::optional<WatermarkRecord> record = read_copy(file, copy);
    if (!record) found.is_damaged = true;
    if (!found.record) found.record = record;
  }
  ::close(file);
  return found;
}

Watermark::Watermark(rocksdb::Env& env, std::string directory, const WatermarkRecord& record)
    : env_(env), directory_(std::move(directory)), record_(record) {
  const std::lock_guard lock(mutex_);
  rocksdb::Status status = open();
  if (status.ok()) status = write_both();
  // Otherwise there is no need to: the old contents, which a crash may bring back, tell no less.
  if (status.ok() && (is_new_ || record_.lost_writes != 0)) status = sync();
  failure_ = status;
}

rocksdb::Status Watermark::open() {
  const std::string path = path_of(directory_);
  const rocksdb::EnvOptions options;
  if (!env_.FileExists(path).ok()) {
    std::unique_ptr<rocksdb::WritableFile> made;
    if (rocksdb::Status status = env_.NewWritableFile(path, &made, options); !status.ok()) return status;
    if (rocksdb::Status status = made->Close(); !status.ok()) return status;
    is_new_ = true;
  }
  return env_.NewRandomRWFile(path, &file_, options);
}

void Watermark::advance(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (sequence <= record_.sequence) return;  // another thread has written a later one
  record_.sequence = sequence;
  note(write_copy(0));
}

void Watermark::close(const Fingerprint& fingerprint) {
  const std::lock_guard lock(mutex_);
  record_.state = WatermarkRecord::State::closed;
  record_.fingerprint = fingerprint;
  rocksdb::Status status = write_both();
  if (status.ok()) status = sync();
  note(status);
}

rocksdb::Status Watermark::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

rocksdb::Status Watermark::write_both() {
  for (off_t copy = copies - 1; copy >= 0; --copy) {
    if (rocksdb::Status status = write_copy(copy); !status.ok()) return status;
  }
  return {};
}

rocksdb::Status Watermark::write_copy(off_t copy) {
  if (!file_) return {};  // `failure` tells why
  Stored stored{magic,
                static_cast<std::uint32_t>(record_.state),
                0,
                record_.sequence,
                record_.lost_writes,
                record_.fingerprint.manifest_number,
                record_.fingerprint.manifest_hash,
                record_.fingerprint.logs_hash,
                0};
  stored.checksum = checksum_of(stored);
  return file_->Write(static_cast<std::uint64_t>(copy * copy_distance),
                      rocksdb::Slice(reinterpret_cast<const char*>(&stored), sizeof stored));
}

/// Syncs the file and its directory entry.
rocksdb::Status Watermark::sync() {
  if (!file_) return {};
  if (rocksdb::Status status = file_->Sync(); !status.ok()) return status;
  std::unique_ptr<rocksdb::Directory> directory;
  if (rocksdb::Status status = env_.NewDirectory(directory_, &directory); !status.ok()) return status;
  return directory->Fsync();
}

void Watermark::note(const rocksdb::Status& status) {
  if (status.ok() || !failure_.ok()) return;
  failure_ = status;
  warn();
}

void Watermark::warn() const {
  log(LogLevel::warning,
      path_of(directory_) + ": " + failure_.ToString() + "; a later loss of writes may go unnoticed");
}

}  // namespace cinch
