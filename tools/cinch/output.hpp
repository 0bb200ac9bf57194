/// What the tool says: results on standard output, errors on standard error, a line each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cinch/bytes.hpp"
#include "cinch/status.hpp"
#include "exit_status.hpp"

namespace cinch::tool {

/// Writes everything, or answers `io_error`: a full disk or a closed pipe is a failure like any other.
Status write_all(int descriptor, ByteView bytes, std::string_view name);

/// Prints a result; `failed` with an error line when it cannot be written.
ExitStatus print(std::string_view text);

/// Prints "cinch: MESSAGE", in one line whatever the message holds.
void print_error(std::string_view message);

/// Prints the error, or each of its lines as one, and answers its exit status.
ExitStatus fail(const Status& status);

/// Prints that `key` is not in the store; answers `absent`.
ExitStatus fail_absent(std::string_view key);

/// The same failure, naming `key` if it does not yet.
Status about_key(const Status& status, std::string_view key);

/// Quoted where needed, so that a shell takes it as one word.
std::string shell_word(const std::string& text);

/// "417 B", "1.9 MiB".
std::string human_size(std::uint64_t bytes);

/// With that many digits after the decimal point.
std::string fixed(double number, int digits);
/// With four significant digits: "0.0312", "1.907e-06".
std::string significant(double number);

/// How many times smaller `stored` is than `raw`; 1 when there is nothing.
double ratio_of(std::uint64_t raw_bytes, std::uint64_t stored_bytes) noexcept;

/// Columns that line up: text to the left, and those whose heading starts with '>' to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);

  /// Requires: as many cells as headings. Each is shown in one line.
  void row(std::vector<std::string> cells);

  std::string text() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  // the first holds the headings
};

}  // namespace cinch::tool
