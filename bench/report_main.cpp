// Measures cinch beside everything a user would pick instead, and writes the rows.
//   cinch_report [--quick] [--only NAME]… [--peers PROGRAMS] DIRECTORY
// makes DIRECTORY/results.json and DIRECTORY/tables.md. PROGRAMS: where peers in other languages are.
#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <vector>

#include "bench/report.hpp"

namespace cinch::bench {
namespace {

struct Part {
  std::string_view name;
  void (*run)(Report&);
};

constexpr Part parts[] = {{"peaks", report_peaks},  // first: it forks, and has to be small
                          {"codecs", report_codecs},   {"tensors", report_tensors}, {"paths", report_paths},
                          {"threads", report_threads}, {"memory", report_memory},   {"small", report_small_values},
                          {"rocksdb", report_rocksdb}, {"layout", report_layout},   {"peers", report_peers},
                          {"growth", report_growth}};

struct Arguments {
  bool quick = false;
  std::vector<std::string_view> only;
  std::filesystem::path peers;
  std::filesystem::path directory;
};

/// Nothing: they are not understood.
std::optional<Arguments> parse(const std::vector<std::string_view>& given) {
  Arguments out;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] == "--quick") {
      out.quick = true;
    } else if (given[i] == "--only" && i + 1 < given.size()) {
      out.only.push_back(given[++i]);
      if (std::ranges::find(parts, out.only.back(), &Part::name) == std::end(parts)) return std::nullopt;
    } else if (given[i] == "--peers" && i + 1 < given.size()) {
      out.peers = given[++i];
    } else if (out.directory.empty() && !given[i].starts_with("-")) {
      out.directory = given[i];
    } else {
      return std::nullopt;
    }
  }
  return out.directory.empty() ? std::nullopt : std::optional(out);
}

int run(const Arguments& arguments) {
  Report report(arguments.quick, arguments.peers);
  for (const Part& part : parts) {
    if (!arguments.only.empty() && std::ranges::count(arguments.only, part.name) == 0) continue;
    const auto begin = std::chrono::steady_clock::now();
    part.run(report);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cerr << part.name << ": " << static_cast<int>(took.count()) << " s\n";
  }
  std::filesystem::create_directories(arguments.directory);
  std::ofstream(arguments.directory / "results.json") << report.json();
  std::ofstream(arguments.directory / "tables.md") << report.table();
  std::cout << report.table();
  return report.is_right() ? 0 : 1;
}

}  // namespace
}  // namespace cinch::bench

int main(int argc, char** argv) {
  const auto arguments = cinch::bench::parse({argv + 1, argv + argc});
  if (!arguments) {
    std::cerr << "usage: cinch_report [--quick] [--only NAME]… [--peers PROGRAMS] DIRECTORY; names:";
    for (const auto& part : cinch::bench::parts) std::cerr << " " << part.name;
    std::cerr << "\n";
    return 2;
  }
  try {
    return cinch::bench::run(*arguments);
  } catch (const std::exception& error) {
    std::cerr << "cinch_report: " << error.what() << "\n";
    return 1;
  }
}
