#include "output.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "cinch/keys.hpp"
#include "cinch/kv_store.hpp"
#include "cinch/log.hpp"
#include "system_error.hpp"

namespace cinch::tool {
namespace {

/// Text for a terminal.
std::string in_one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return printable(text);
}

}  // namespace

Status write_all(int descriptor, ByteView bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error(std::string(name) + ": cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

ExitStatus print(std::string_view text) {
  const Status status = write_all(STDOUT_FILENO, as_bytes(text), "standard output");
  return status.ok() ? ExitStatus::ok : fail(status);
}

void print_error(std::string_view message) {
  const std::string line = "cinch: " + in_one_line(std::string(message)) + '\n';
  (void)write_all(STDERR_FILENO, as_bytes(line), "standard error");  // there is nobody left to tell
}

ExitStatus fail(const Status& status) {
  std::string_view rest = status.message();
  do {  // a config's mistakes come a line each
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    print_error(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  } while (!rest.empty());
  return exit_status(status.code());
}

ExitStatus fail_absent(std::string_view key) {
  print_error(describe_key(key) + " is not in the store");
  return ExitStatus::absent;
}

Status about_key(const Status& status, std::string_view key) {
  const std::string name = describe_key(key);
  return status.ok() || status.message().find(name) != std::string_view::npos ? status : status.in(name);
}

std::string fixed(double number, int digits) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return {text.data(), static_cast<std::size_t>(std::clamp(length, 0, int{text.size()} - 1))};
}

std::string significant(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", number);
  return text;
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::array units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1023.95 && unit + 1 < units.size(); ++unit) size /= 1024;
  return fixed(size, 1) + " " + units[unit];
}

double ratio_of(std::uint64_t raw_bytes, std::uint64_t stored_bytes) noexcept {
  return stored_bytes == 0 ? 1.0 : static_cast<double>(raw_bytes) / static_cast<double>(stored_bytes);
}

Table::Table(std::vector<std::string> headings) {
  for (std::string& heading : headings) {
    right_.push_back(heading.starts_with('>'));
    if (right_.back()) heading.erase(0, 1);
  }
  rows_.push_back(std::move(headings));
}

void Table::row(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = in_one_line(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(right_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      line += (i == 0 ? "" : "  ") + (right_[i] ? padding + row[i] : row[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace cinch::tool
