/// The safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes.
/// https://github.com/huggingface/safetensors, "Format".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cinch/bytes.hpp"
#include "cinch/status.hpp"
#include "cinch/tensor.hpp"
#include "files.hpp"

namespace cinch::tool {

struct TensorEntry {
  std::string name;
  std::string dtype;        ///< As the file spells it.
  std::uint64_t begin = 0;  ///< In the data, which follow the header.
  std::uint64_t end = 0;
  std::optional<TensorShape> shape;  ///< Nothing: cinch has no such type, or none of so many dimensions.

  std::uint64_t bytes() const noexcept { return end - begin; }
};

/// The shape with what else is known of the tensor. Errors: `invalid_argument` when that does not fit.
Result<std::optional<TensorShape>> laid_out(const TensorEntry& tensor, const TensorLayout& layout);

struct SafetensorsHeader {
  std::string text;                  ///< The JSON as it is in the file, padding and all.
  std::vector<TensorEntry> tensors;  ///< In the order of their bytes, which cover the data without gap or overlap.

  /// What comes before the data in a file: the length and the text.
  std::string file_start() const;
};

/// Checks all that the format promises. `data_bytes`: the length of what follows the header, where that is known.
/// Errors: `io_error` that names the tensor and what was expected.
Result<SafetensorsHeader> parse_safetensors_header(std::string text, std::optional<std::uint64_t> data_bytes);

/// A header for tensors that come one after the other. Errors: `io_error` for names that are not UTF-8, and for
/// "__metadata__", which is no tensor's.
struct NamedTensor {
  std::string name;
  TensorShape shape;
  std::uint64_t bytes = 0;
};
Result<SafetensorsHeader> make_safetensors_header(std::span<const NamedTensor> tensors);

class SafetensorsFile {
 public:
  /// Errors: `io_error` that names the file, the tensor, and what was expected.
  static Result<SafetensorsFile> open(const std::string& path);

  const std::string& path() const noexcept { return file_.path(); }
  const SafetensorsHeader& header() const noexcept { return header_; }
  Result<std::vector<std::byte>> read(const TensorEntry& tensor) const;

 private:
  SafetensorsFile(InputFile file, SafetensorsHeader header) : file_(std::move(file)), header_(std::move(header)) {}

  InputFile file_;
  SafetensorsHeader header_;
};

}  // namespace cinch::tool
