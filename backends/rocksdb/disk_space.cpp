#include "backends/rocksdb/disk_space.hpp"

#include <algorithm>
#include <limits>
#include <system_error>

#include "backends/rocksdb/rocksdb_status.hpp"
#include "cinch/settings.hpp"

namespace cinch {
namespace {

constexpr std::uint64_t reserve_divisor = 50;  // the reserve is 1/50 of the disk
constexpr std::uint64_t min_reserve = std::uint64_t{4} << 20;
constexpr std::uint64_t max_reserve = std::uint64_t{256} << 20;
constexpr std::uint64_t bytes_between_looks = std::uint64_t{256} << 10;
constexpr std::chrono::seconds deletion_of_files(1);

/// The part of the reserve that `use` must not touch, on a disk of that capacity.
std::uint64_t reserved_from(SpaceUse use, std::uint64_t capacity) noexcept {
  const std::uint64_t reserve = std::clamp(capacity / reserve_divisor, min_reserve, max_reserve);
  switch (use) {
    case SpaceUse::set: return reserve;
    case SpaceUse::compaction: return reserve / 2;
    case SpaceUse::removal: break;
  }
  return reserve / 4;
}

}  // namespace

bool DiskSpace::is_unsure(std::uint64_t bytes) noexcept {
  return unseen_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes >= bytes_between_looks ||
         is_low_.load(std::memory_order_relaxed);
}

Status DiskSpace::check(SpaceUse use, std::uint64_t bytes, std::uint64_t unflushed_bytes) {
  unseen_bytes_.store(0, std::memory_order_relaxed);
  unflushed_bytes_.store(unflushed_bytes, std::memory_order_relaxed);
  if (use == SpaceUse::removal) has_unflushed_removals_ = true;
  const std::filesystem::space_info disk = look();
  const std::uint64_t wanted = bytes + unflushed_bytes + bytes_between_looks;
  is_low_.store(disk.available < reserved_from(SpaceUse::set, disk.capacity) + wanted, std::memory_order_relaxed);
  const std::uint64_t reserved = reserved_from(use, disk.capacity);
  if (disk.available >= reserved + wanted) return {};
  const std::uint64_t coming_back = compaction_bytes_.load(std::memory_order_relaxed);
  if (coming_back > 0 && disk.available + coming_back >= reserved + wanted) {
    compaction_is_to_end_ = true;
    is_worth_a_compaction_ = true;
  }
  return {StatusCode::no_space, describe_database(path_) + ": the disk has " + format_size(disk.available) + " left, " +
                                    format_size(bytes) + " more are to be written; " + format_size(reserved) +
                                    " are kept for removals and compactions, " + format_size(unflushed_bytes) +
                                    " for what is in memory"};
}

bool DiskSpace::has_room(SpaceUse use, std::uint64_t bytes, std::uint64_t unflushed_bytes) const {
  const std::filesystem::space_info disk = look();
  return disk.available >= reserved_from(use, disk.capacity) + bytes + unflushed_bytes + bytes_between_looks;
}

bool DiskSpace::is_given_back() const noexcept {
  return compaction_is_to_end_ || Clock::now() < compaction_end_.load() + deletion_of_files;
}

void DiskSpace::note_compaction_begin() noexcept {
  compaction_bytes_.store(0, std::memory_order_relaxed);
  compaction_is_to_end_ = false;
  is_worth_a_compaction_ = false;
}

void DiskSpace::note_compaction_end() noexcept {
  compaction_end_ = Clock::now();
  compaction_bytes_.store(0, std::memory_order_relaxed);
  compaction_is_to_end_ = false;
}

bool DiskSpace::take_for_compaction(std::uint64_t bytes) {
  if (compaction_is_to_end_) return false;
  if (!has_room(SpaceUse::compaction, bytes, unflushed_bytes_.load(std::memory_order_relaxed))) return false;
  compaction_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return true;
}

std::filesystem::space_info DiskSpace::look() const {
  std::error_code failed;
  std::filesystem::space_info disk = std::filesystem::space(path_, failed);
  if (failed) disk.available = std::numeric_limits<std::uintmax_t>::max();  // the write will report the error
  return disk;
}

}  // namespace cinch
