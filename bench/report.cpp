#include "bench/report.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/cinch/bench_pairs.hpp"

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

std::string number(double value, int digits) {
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

nlohmann::ordered_json json_of(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

/// "met", "missed" or nothing to meet.
std::string verdict(const Row& row) {
  if (!row.goal) return "";
  const double reached = row.goal_is_value ? row.value : row.share;
  return (row.more_is_better ? reached >= *row.goal : reached <= *row.goal) ? "met" : "missed";
}

}  // namespace

std::optional<std::string> Report::peer_program(const std::string& name, const std::string& file) {
  const std::filesystem::path program = peers_ / file;
  if (!peers_.empty() && std::filesystem::exists(program)) return program.string();
  left_out(name, "not installed");
  return std::nullopt;
}

void Report::left_out(const std::string& what, const std::string& why) {
  left_out_.push_back(what + ": " + why);
  (void)std::fprintf(stderr, "left out: %s\n", left_out_.back().c_str());
}

void Report::section(const std::string& name) {
  section_ = name;
  (void)std::fprintf(stderr, "%s …\n", name.c_str());
}

void Report::pair(const std::string& name, const std::string& against, const Amount& amount, const Work& own,
                  const Work& other, std::optional<double> goal, const Work& settle) {
  const double seconds = quick_ ? 0.005 : 0.06;
  const int pairs = quick_ ? 3 : 9;
  const auto rate_of = [&](const Work& work, std::uint64_t calls) {
    if (settle) settle();
    return amount.units * static_cast<double>(calls) / seconds_of(work, calls) * amount.scale;
  };
  const std::uint64_t own_calls = calls_for(own, seconds);
  const std::uint64_t other_calls = calls_for(other, seconds);
  const tool::PairedRates rates = tool::measure_in_turns(
      pairs, [&] { return rate_of(own, own_calls); }, [&] { return rate_of(other, other_calls); });
  Row row{section_, name, against, amount.unit, rates.own, rates.other, rates.share, rates.low, rates.high};
  row.goal = goal;
  rows_.push_back(row);
}

void Report::note_rate_goal(double rate) {
  rows_.back().goal = rate;
  rows_.back().goal_is_value = true;
}

void Report::note_codec(double ratio, std::optional<double> loss) {
  rows_.back().ratio = ratio;
  rows_.back().loss = loss;
}

void Report::value(const std::string& name, const std::string& against, const std::string& unit, double own,
                   std::optional<double> other, std::optional<double> goal, bool more_is_better) {
  Row row{section_, name, against, unit, own, other};
  row.share = row.low = row.high = other && *other != 0 ? own / *other : 0;
  row.goal = goal;
  row.goal_is_value = !other;
  row.more_is_better = more_is_better;
  rows_.push_back(row);
}

void Report::wrong(const std::string& what) {
  right_ = false;
  (void)std::fprintf(stderr, "WRONG: %s: %s\n", section_.c_str(), what.c_str());
}

std::string Report::json() const {
  nlohmann::ordered_json out{{"left_out", left_out_}, {"rows", nlohmann::ordered_json::array()}};
  for (const Row& row : rows_) {
    out["rows"].push_back({{"section", row.section},
                           {"name", row.name},
                           {"against", row.against},
                           {"unit", row.unit},
                           {"value", row.value},
                           {"other", json_of(row.other)},
                           {"share", row.share},
                           {"low", row.low},
                           {"high", row.high},
                           {"goal", json_of(row.goal)},
                           {"goal_is_value", row.goal_is_value},
                           {"ratio", json_of(row.ratio)},
                           {"loss", json_of(row.loss)},
                           {"verdict", verdict(row)}});
  }
  return out.dump(1) + "\n";
}

std::string Report::table() const {
  std::string out;
  for (const std::string& what : left_out_) out += "- left out: " + what + "\n";
  std::string section;
  bool has_codecs = false;
  for (const Row& row : rows_) {
    if (row.section != section) {
      section = row.section;
      has_codecs = row.ratio.has_value();
      out += "\n### " + section + "\n\n| what | cinch | against | | share | interval | goal | |";
      out += std::string(has_codecs ? " ratio | error |" : "") + "\n|---|---|---|---|---|---|---|---|";
      out += std::string(has_codecs ? "---|---|" : "") + "\n";
    }
    const int digits = row.value < 0.1 ? 4 : 2;
    out += "| " + row.name + " | " + number(row.value, digits) + " " + row.unit + " | " + row.against + " | ";
    out += row.other ? number(*row.other, digits) + " | " + number(row.share, 3) + " | " : " | | ";
    out += row.low != row.high ? number(row.low, 3) + "–" + number(row.high, 3) : std::string();
    out += " | " + (row.goal ? number(*row.goal, 2) : std::string());
    out += (row.goal && row.goal_is_value ? " " + row.unit : "") + " | " + verdict(row) + " |";
    if (has_codecs) out += " " + (row.ratio ? number(*row.ratio, 2) : "") + " |";
    if (has_codecs) out += " " + (row.loss ? number(*row.loss, 4) : "") + " |";
    out += "\n";
  }
  return out;
}

}  // namespace cinch::bench
