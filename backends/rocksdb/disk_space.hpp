/// Keeps sets from filling the disk to its end: the rest is for removals, flushes and compactions, which give space
/// back.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "cinch/status.hpp"

namespace cinch {

/// Thread-safe.
class DiskSpace {
 public:
  explicit DiskSpace(std::string path) : path_(std::move(path)) {}

  /// Whether it is time to look again before `bytes` more are written.
  bool is_unsure(std::uint64_t bytes) noexcept;

  /// `no_space` when less would be left than is kept back and what memory holds will take when it is flushed.
  Status check(std::uint64_t bytes, std::uint64_t unflushed_bytes);

 private:
  const std::string path_;
  std::atomic<std::uint64_t> unseen_bytes_{0};  // written since it was looked at
  std::atomic<bool> is_low_{true};              // then it is looked at every time, and so at first
};

}  // namespace cinch
