/// Safetensors files by hand, right and wrong ones.
#pragma once

#include <cstdint>
#include <string>

#include "tests/cli/run_cinch.hpp"

namespace cinch::test {

/// The length of a header as a file begins with it.
inline std::string safetensors_length(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes;
}

/// Writes a file of that header and data; answers its path.
inline std::string save_safetensors(const std::string& path, const std::string& header, const std::string& data) {
  write_file(path, safetensors_length(header.size()) + header + data);
  return path;
}

}  // namespace cinch::test
