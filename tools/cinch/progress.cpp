#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "output.hpp"

namespace cinch::tool {
namespace {

constexpr std::chrono::milliseconds between_lines{100};
constexpr std::size_t bar_width = 20;
constexpr const char* clear_line = "\r\033[K";

void draw(const std::string& text) { (void)write_all(STDERR_FILENO, as_bytes(text), "standard error"); }

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::min(seconds, 3.6e6));
  const std::string ss = std::to_string(whole % 60);
  return std::to_string(whole / 60) + (ss.size() < 2 ? ":0" : ":") + ss;
}

}  // namespace

Progress::Progress(std::string what, std::uint64_t total, bool quiet)
    : what_(std::move(what)), total_(total), shown_(is_shown(quiet)) {}

Progress::~Progress() {
  if (drawn_ != Clock::time_point()) draw(clear_line);
}

bool Progress::is_shown(bool quiet) noexcept { return !quiet && isatty(STDERR_FILENO) == 1; }

void Progress::add(std::uint64_t done, std::uint64_t bytes) {
  done_ += done;
  bytes_ += bytes;
  if (!shown_) return;
  const Clock::time_point now = Clock::now();
  if (now - drawn_ < between_lines || now - begin_ < between_lines) return;
  drawn_ = now;
  draw(clear_line + line(std::chrono::duration<double>(now - begin_).count()));
}

std::string Progress::line(double seconds) const {
  std::string text = what_ + ' ';
  if (total_ != 0) {
    const double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * double{bar_width});
    text += '[' + std::string(filled, '#') + std::string(bar_width - filled, '.') + "] " + fixed(share * 100, 0) + " %";
    if (done_ != 0) text += ", " + clock_text(seconds / share - seconds) + " left";
  }
  text += ", " + human_size(bytes_);
  if (seconds > 0) text += ", " + fixed(static_cast<double>(bytes_) / 1e6 / seconds, 0) + " MB/s";
  return text;
}

}  // namespace cinch::tool
