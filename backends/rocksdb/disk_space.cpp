#include "backends/rocksdb/disk_space.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "cinch/settings.hpp"

namespace cinch {
namespace {

constexpr std::uint64_t bytes_between_looks = std::uint64_t{256} << 10;
constexpr std::uint64_t most_kept_back = std::uint64_t{256} << 20;
constexpr std::uint64_t kept_back_of_disk = 50;  // one part in so many

}  // namespace

bool DiskSpace::is_unsure(std::uint64_t bytes) noexcept {
  return unseen_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes >= bytes_between_looks ||
         is_low_.load(std::memory_order_relaxed);
}

Status DiskSpace::check(std::uint64_t bytes, std::uint64_t unflushed_bytes) {
  unseen_bytes_.store(0, std::memory_order_relaxed);
  std::error_code failed;
  const std::filesystem::space_info disk = std::filesystem::space(path_, failed);
  if (failed) return {};  // the write itself will say what there is to say
  const std::uint64_t kept_back = std::min<std::uint64_t>(most_kept_back, disk.capacity / kept_back_of_disk);
  const bool is_low = disk.available < kept_back + unflushed_bytes + bytes + bytes_between_looks;
  is_low_.store(is_low, std::memory_order_relaxed);
  if (!is_low) return {};
  return {StatusCode::no_space, "rocksdb " + path_ + ": the disk has " + format_size(disk.available) + " left; " +
                                    format_size(kept_back) + " are kept for removals and compactions, " +
                                    format_size(unflushed_bytes) + " for what is in memory"};
}

}  // namespace cinch
