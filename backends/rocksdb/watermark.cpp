#include "backends/rocksdb/watermark.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "cinch/log.hpp"

namespace cinch {
namespace {

// The file has two copies: the first is written after every write, the second when a store opens and closes. A flipped
// bit costs one of them; each lies in a sector of its own.
constexpr int copies = 2;
constexpr off_t copy_distance = 512;
constexpr std::uint64_t magic = 0x316b72616d726574;  // "etrmark1": the layout's version is its last character

struct Stored {
  std::uint64_t magic;
  std::uint32_t state;
  std::uint32_t reserved;
  std::uint64_t sequence;
  std::uint64_t lost_writes;
  std::uint64_t manifest_number;
  std::uint64_t manifest_hash;
  std::uint64_t logs_hash;
  std::uint64_t checksum;  // of all before it
};
static_assert(sizeof(Stored) == 64);

std::uint64_t checksum(const Stored& stored) noexcept { return XXH3_64bits(&stored, offsetof(Stored, checksum)); }

std::string path_of(const std::string& directory) { return directory + "/" + watermark_file; }

std::optional<WatermarkRecord> read_copy(int file, int copy) {
  Stored stored{};
  if (pread(file, &stored, sizeof stored, copy * copy_distance) != sizeof stored) return std::nullopt;
  if (stored.magic != magic || stored.checksum != checksum(stored)) return std::nullopt;
  return WatermarkRecord{static_cast<WatermarkRecord::State>(stored.state),
                         stored.sequence,
                         stored.lost_writes,
                         {stored.manifest_number, stored.manifest_hash, stored.logs_hash}};
}

}  // namespace

std::optional<WatermarkRecord> read_watermark(const std::string& directory, bool& is_damaged) {
  is_damaged = false;
  const int file = ::open(path_of(directory).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::optional<WatermarkRecord> found;
  for (int copy = 0; copy < copies; ++copy) {
    const std::optional<WatermarkRecord> record = read_copy(file, copy);
    if (!record) is_damaged = true;
    if (!found) found = record;
  }
  ::close(file);
  return found;
}

Watermark::Watermark(std::string directory, const WatermarkRecord& record)
    : path_(path_of(directory)), file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)), record_(record) {
  const std::lock_guard lock(mutex_);
  if (file_ < 0) {
    warn("open");
    return;
  }
  write_both();
}

Watermark::~Watermark() {
  if (file_ >= 0) ::close(file_);
}

void Watermark::advance(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (sequence <= record_.sequence) return;  // another thread wrote it for this one
  record_.sequence = sequence;
  if (!write_copy(0)) warn("write");
}

void Watermark::close(const FilesLeft& left) {
  const std::lock_guard lock(mutex_);
  record_.state = WatermarkRecord::State::closed;
  record_.left = left;
  write_both();
}

void Watermark::write_both() {
  for (int copy = copies - 1; copy >= 0; --copy) {
    if (!write_copy(copy)) warn("write");
  }
  const bool outlasts_power =
      record_.state == WatermarkRecord::State::closed || record_.lost_writes != 0;  // else an older one says no less
  if (file_ >= 0 && outlasts_power && fdatasync(file_) != 0) warn("sync");
}

bool Watermark::write_copy(int copy) {
  if (file_ < 0) return true;  // logged already
  Stored stored{magic,
                static_cast<std::uint32_t>(record_.state),
                0,
                record_.sequence,
                record_.lost_writes,
                record_.left.manifest_number,
                record_.left.manifest_hash,
                record_.left.logs_hash,
                0};
  stored.checksum = checksum(stored);
  return pwrite(file_, &stored, sizeof stored, copy * copy_distance) == sizeof stored;
}

void Watermark::warn(const char* what) {
  if (has_warned_) return;
  has_warned_ = true;
  log(LogLevel::warning,
      path_ + ": cannot " + what + ": " + std::strerror(errno) + "; a later loss of writes may go unnoticed");
}

}  // namespace cinch
