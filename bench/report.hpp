/// Rows of the report: cinch beside something else, in turns, on the same values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cinch::bench {

/// One row. Rates are units a second: bytes, or operations.
struct Row {
  std::string section;
  std::string name;
  std::string against;  ///< What it is measured against.
  std::string unit;     ///< "GB/s", "Mop/s", "MiB", "ratio".
  double value = 0;     ///< cinch.
  std::optional<double> other;
  double share = 0;  ///< cinch's rate divided by the other's: the median of the pairs; for sizes, size by size.
  double low = 0;    ///< All pairs but the lowest and the highest lie from here …
  double high = 0;   ///< … to here.
  std::optional<double> goal = std::nullopt;  ///< For `share`, or for `value`.
  bool goal_is_value = false;                 ///< Always so if there is no other.
  bool more_is_better = true;
  std::optional<double> ratio = std::nullopt;  ///< Raw bytes by stored bytes, where a codec is measured.
  std::optional<double> loss = std::nullopt;   ///< Relative RMS error, where the codec is lossy.
};

class Report {
 public:
  using Work = std::function<void()>;

  Report(bool quick, std::filesystem::path peers) : quick_(quick), peers_(std::move(peers)) {}

  bool is_quick() const noexcept { return quick_; }

  /// A program, `file`, that tools/bench.sh made for peers in other languages, `name`. Nothing where it is not there,
  /// which is noted.
  std::optional<std::string> peer_program(const std::string& name, const std::string& file);

  /// Notes that something has no rows. The report says so, and standard error.
  void left_out(const std::string& what, const std::string& why);

  /// Starts a group of rows and says so on standard error.
  void section(const std::string& name);

  /// Times `own` and `other` in turns, nine pairs (quick: three), each side long enough to be timed; every
  /// call does `amount` bytes. `settle`, where there is one, is called before each turn and not timed: it waits for
  /// what the last one left running.
  void bytes(const std::string& name, const std::string& against, double amount, const Work& own, const Work& other,
             std::optional<double> goal = {}, const Work& settle = {}) {
    pair(name, against, {amount, "GB/s", 1e-9}, own, other, goal, settle);
  }

  /// The same for calls that do `amount` operations.
  void operations(const std::string& name, const std::string& against, double amount, const Work& own,
                  const Work& other, std::optional<double> goal = {}) {
    pair(name, against, {amount, "Mop/s", 1e-6}, own, other, goal, {});
  }

  /// A figure that is not a speed.
  void value(const std::string& name, const std::string& against, const std::string& unit, double own,
             std::optional<double> other, std::optional<double> goal, bool more_is_better);

  /// Holds the last row to a rate of its own, in its unit, instead of a share of the other's.
  void note_rate_goal(double rate);

  /// What the codec of the last row makes of the values.
  void note_codec(double ratio, std::optional<double> loss);

  /// A check that failed: the report ends with status 1.
  void wrong(const std::string& what);

  const std::vector<Row>& rows() const noexcept { return rows_; }
  bool is_right() const noexcept { return right_; }

  std::string json() const;
  std::string table() const;

 private:
  /// What one call does, and how many of its units a second make one `unit`.
  struct Amount {
    double units;
    std::string unit;
    double scale;
  };

  void pair(const std::string& name, const std::string& against, const Amount& amount, const Work& own,
            const Work& other, std::optional<double> goal, const Work& settle);

  bool quick_;
  std::filesystem::path peers_;
  bool right_ = true;
  std::string section_;
  std::vector<std::string> left_out_;
  std::vector<Row> rows_;
};

// Each in a file of its own, report_NAME.cpp.
void report_codecs(Report& report);
void report_tensors(Report& report);
void report_paths(Report& report);
void report_threads(Report& report);
void report_memory(Report& report);
void report_small_values(Report& report);
void report_rocksdb(Report& report);
void report_layout(Report& report);
void report_peers(Report& report);
void report_growth(Report& report);
void report_peaks(Report& report);

}  // namespace cinch::bench
