/// Keeps a reserve of the disk, so that what frees space still works when it is full: removals, and the flushes and
/// compactions after them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "cinch/status.hpp"

namespace cinch {

/// Consumers of disk space. Each may dig deeper into the reserve than the one before; none may touch what a flush of
/// the memtables will need, because a failed flush stops all writes.
enum class SpaceUse { set, compaction, removal };

/// Thread-safe.
class DiskSpace {
 public:
  explicit DiskSpace(std::string path) : path_(std::move(path)) {}

  /// Whether to `check` before `bytes` more are written.
  bool is_unsure(std::uint64_t bytes) noexcept;

  /// `no_space` if `bytes` more would leave too little; `unflushed_bytes` are those in memtables. If the space that the
  /// running compaction has taken would suffice, the compaction is told to end.
  Status check(SpaceUse use, std::uint64_t bytes, std::uint64_t unflushed_bytes);

  /// As `check`, without side effects.
  bool has_room(SpaceUse use, std::uint64_t bytes, std::uint64_t unflushed_bytes) const;

  /// Whether space is coming back: a compaction was told to end, or has just ended and its files are being deleted.
  bool is_given_back() const noexcept;

  /// RocksDB runs one compaction at a time here.
  void note_compaction_begin() noexcept;
  void note_compaction_end() noexcept;

  /// Whether keys were removed on a full disk, unknown to compactions until memory is flushed. True once.
  bool take_unflushed_removals() noexcept { return has_unflushed_removals_.exchange(false); }

  /// Whether the running compaction may write `bytes` more, with as much in memory as at the last check.
  bool take_for_compaction(std::uint64_t bytes);

  void note_flush() noexcept { is_worth_a_compaction_ = true; }

  /// Whether to retry a compaction that found no room: it was told to end, or what was flushed since it began, removals
  /// perhaps, may let it need less.
  bool is_worth_a_compaction() const noexcept { return is_worth_a_compaction_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::filesystem::space_info look() const;

  const std::string path_;
  std::atomic<std::uint64_t> unseen_bytes_{0};      // written since the last look at the disk
  std::atomic<std::uint64_t> unflushed_bytes_{0};   // at the last look
  std::atomic<bool> is_low_{true};                  // then every write looks, and so does the first
  std::atomic<std::uint64_t> compaction_bytes_{0};  // what the running compaction has written
  std::atomic<bool> compaction_is_to_end_{false};
  std::atomic<Clock::time_point> compaction_end_{};
  std::atomic<bool> has_unflushed_removals_{false};
  std::atomic<bool> is_worth_a_compaction_{false};
};

}  // namespace cinch
