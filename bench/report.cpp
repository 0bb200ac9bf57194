#include "bench/report.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <numeric>

namespace cinch::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_of(const Report::Work& work, std::uint64_t calls) {
  const Clock::time_point begin = Clock::now();
  for (std::uint64_t i = 0; i < calls; ++i) work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// As many calls as take about so long.
std::uint64_t calls_for(const Report::Work& work, double seconds) {
  for (std::uint64_t calls = 1;; calls *= 2) {
    const double took = seconds_of(work, calls);
    if (took < seconds / 4) continue;
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(calls) * seconds / took));
  }
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string number(double value, int digits) {
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string json_of(const std::optional<double>& value) { return value ? number(*value, 6) : "null"; }

/// "met", "missed" or nothing to meet.
std::string verdict(const Row& row) {
  if (!row.goal) return "";
  const double reached = row.other ? row.share : row.value;
  return (row.more_is_better ? reached >= *row.goal : reached <= *row.goal) ? "met" : "missed";
}

}  // namespace

void Report::section(const std::string& name) {
  section_ = name;
  (void)std::fprintf(stderr, "%s …\n", name.c_str());
}

void Report::pair(const std::string& name, const std::string& against, double amount, const std::string& unit,
                  double scale, const Work& own, const Work& other, std::optional<double> goal) {
  const double seconds = quick_ ? 0.005 : 0.06;
  const int pairs = quick_ ? 3 : 9;
  const std::uint64_t own_calls = calls_for(own, seconds);
  const std::uint64_t other_calls = calls_for(other, seconds);
  std::vector<double> own_rates;
  std::vector<double> other_rates;
  std::vector<double> shares;
  for (int i = 0; i < pairs; ++i) {
    double own_seconds = 0;
    double other_seconds = 0;
    if (i % 2 == 0) own_seconds = seconds_of(own, own_calls);
    other_seconds = seconds_of(other, other_calls);
    if (i % 2 != 0) own_seconds = seconds_of(own, own_calls);
    own_rates.push_back(amount * static_cast<double>(own_calls) / own_seconds * scale);
    other_rates.push_back(amount * static_cast<double>(other_calls) / other_seconds * scale);
    shares.push_back(own_rates.back() / other_rates.back());
  }
  std::ranges::sort(shares);
  Row row{section_, name, against, unit, median(own_rates), median(other_rates), median(shares)};
  row.low = shares[1];
  row.high = shares[shares.size() - 2];
  row.goal = goal;
  rows_.push_back(row);
}

void Report::value(const std::string& name, const std::string& against, const std::string& unit, double own,
                   std::optional<double> other, std::optional<double> goal, bool more_is_better) {
  Row row{section_, name, against, unit, own, other};
  row.share = row.low = row.high = other && *other != 0 ? own / *other : 0;
  row.goal = goal;
  row.more_is_better = more_is_better;
  rows_.push_back(row);
}

void Report::wrong(const std::string& what) {
  right_ = false;
  (void)std::fprintf(stderr, "WRONG: %s: %s\n", section_.c_str(), what.c_str());
}

std::string Report::json() const {
  std::string out = "[";
  for (const Row& row : rows_) {
    out += out.size() == 1 ? "\n" : ",\n";
    out += "  {\"section\": " + quoted(row.section) + ", \"name\": " + quoted(row.name);
    out += ", \"against\": " + quoted(row.against) + ", \"unit\": " + quoted(row.unit);
    out += ", \"value\": " + number(row.value, 6) + ", \"other\": " + json_of(row.other);
    out += ", \"share\": " + number(row.share, 4) + ", \"low\": " + number(row.low, 4);
    out += ", \"high\": " + number(row.high, 4) + ", \"goal\": " + json_of(row.goal);
    out += ", \"verdict\": " + quoted(verdict(row)) + "}";
  }
  return out + "\n]\n";
}

std::string Report::table() const {
  std::string out;
  std::string section;
  for (const Row& row : rows_) {
    if (row.section != section) {
      section = row.section;
      out += "\n### " + section + "\n\n| what | cinch | against | | share | interval | goal | |\n";
      out += "|---|---|---|---|---|---|---|---|\n";
    }
    out += "| " + row.name + " | " + number(row.value, 2) + " " + row.unit + " | " + row.against + " | ";
    out +=
        (row.other ? number(*row.other, 2) : std::string()) + " | " + (row.other ? number(row.share, 3) : "") + " | ";
    out += row.low != row.high ? number(row.low, 3) + "–" + number(row.high, 3) : std::string();
    out += " | " + (row.goal ? number(*row.goal, 2) : std::string()) + " | " + verdict(row) + " |\n";
  }
  return out;
}

}  // namespace cinch::bench
