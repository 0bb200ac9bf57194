// Measures cinch beside everything a user would pick instead, and writes the rows.
//   cinch_report [--quick] DIRECTORY      makes DIRECTORY/results.json and DIRECTORY/tables.md
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "bench/report.hpp"

namespace {

int run(bool quick, const std::filesystem::path& directory) {
  using namespace cinch::bench;
  Report report(quick);
  report_codecs(report);
  report_threads(report);
  report_memory(report);
  report_small_values(report);
  report_rocksdb(report);
  report_peers(report);
  report_growth(report);
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "results.json") << report.json();
  std::ofstream(directory / "tables.md") << report.table();
  std::cout << report.table();
  return report.is_right() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  if (argc != (quick ? 3 : 2)) {
    std::cerr << "usage: cinch_report [--quick] DIRECTORY\n";
    return 2;
  }
  try {
    return run(quick, argv[argc - 1]);
  } catch (const std::exception& error) {
    std::cerr << "cinch_report: " << error.what() << "\n";
    return 1;
  }
}
