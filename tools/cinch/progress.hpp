/// One line on a terminal that says how far long work is; nothing where standard error is none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cinch::tool {

class Progress {
 public:
  /// `total` counts what `add` is told of, values or bytes; 0: unknown.
  Progress(std::string what, std::uint64_t total, bool quiet);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  ///< Takes the line away.

  static bool is_shown(bool quiet) noexcept;

  void add(std::uint64_t done, std::uint64_t bytes);

  /// The line, as it would be after so many seconds.
  std::string line(double seconds) const;

 private:
  using Clock = std::chrono::steady_clock;

  const std::string what_;
  const std::uint64_t total_;
  const bool shown_;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point drawn_{};
  std::uint64_t done_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace cinch::tool
