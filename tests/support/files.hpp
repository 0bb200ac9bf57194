/// Whole files, read and written at once.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cinch::test {

/// Throws when there is no such file or it cannot be read.
inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return content;
}

/// Replaces a file that is there. Throws when not all of it can be written.
inline void write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size())).flush();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace cinch::test
