/// Keeps some of the disk back, so that what gives space back still works when it is full: removals, and the flushes
/// and compactions after them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "cinch/status.hpp"

namespace cinch {

/// What wants space. Each may take more of what is kept back than the one before it, and none what a flush of the
/// memory will take: a flush that fails stops every write.
enum class SpaceUse { set, compaction, removal };

/// Thread-safe.
class DiskSpace {
 public:
  explicit DiskSpace(std::string path) : path_(std::move(path)) {}

  /// Whether it is time to look again before `bytes` more are written.
  bool is_unsure(std::uint64_t bytes) noexcept;

  /// `no_space` when too little would be left for the others. `unflushed_bytes` are those in memory. Where it is what
  /// the running compaction has taken that is missing, the compaction is told to end.
  Status check(SpaceUse use, std::uint64_t bytes, std::uint64_t unflushed_bytes);

  /// As `check`, and tells nobody.
  bool has_room(SpaceUse use, std::uint64_t bytes, std::uint64_t unflushed_bytes) const;

  /// Whether a compaction was told to end, or has ended and its files are just being deleted.
  bool is_given_back() const noexcept;

  /// RocksDB has one at a time here.
  void note_compaction_begin() noexcept;
  void note_compaction_end() noexcept;

  /// Whether keys were removed on a full disk and no compaction can know it, because that is in memory. True once.
  bool take_unflushed_removals() noexcept { return has_unflushed_removals_.exchange(false); }

  /// Whether the running compaction may write so many bytes, with as much in memory as at the last check.
  bool take_for_compaction(std::uint64_t bytes);

  void note_flush() noexcept { is_worth_a_compaction_ = true; }

  /// Whether a compaction that found no room is worth another try: with what was flushed since it began it may need
  /// less than before, or it was told to end.
  bool is_worth_a_compaction() const noexcept { return is_worth_a_compaction_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::filesystem::space_info look() const;

  const std::string path_;
  std::atomic<std::uint64_t> unseen_bytes_{0};      // written since it was looked at
  std::atomic<std::uint64_t> unflushed_bytes_{0};   // at the last look
  std::atomic<bool> is_low_{true};                  // then it is looked at every time, and so at first
  std::atomic<std::uint64_t> compaction_bytes_{0};  // what the running compaction has written
  std::atomic<bool> compaction_is_to_end_{false};
  std::atomic<Clock::time_point> compaction_end_{};
  std::atomic<bool> has_unflushed_removals_{false};
  std::atomic<bool> is_worth_a_compaction_{false};
};

}  // namespace cinch
