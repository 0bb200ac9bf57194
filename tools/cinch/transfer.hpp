/// Whole safetensors files in and out of a store: one value per tensor, key = prefix + the tensor's name, its type and
/// shape kept, and the file's header in the sidecar (sidecar.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cinch/compressed_kv_store.hpp"
#include "import_summary.hpp"
#include "safetensors.hpp"

namespace cinch::tool {

struct ImportOptions {
  std::string prefix;
  TensorLayout layout;  ///< Of all tensors of the file.
  bool quiet = false;
};

struct ExportOptions {
  std::string prefix;
  bool present = false;  ///< What is there now, whatever was imported.
  bool quiet = false;
};

struct ExportSummary {
  std::uint64_t tensors = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t left_out = 0;         ///< Values without a shape.
  std::optional<std::string> absent;  ///< Names the missing key or prefix because of which nothing was exported.
};

/// What is wrong with a tensor's name, shape or layout, and a tensor or header that is too long, for a store with the
/// codecs and rules of this one.
Status check_import(const CompressedKvStore& store, const SafetensorsFile& file, const ImportOptions& options);

/// Tensors of an earlier import under the prefix that this file lacks stay in the store, as files stay in a directory
/// when others are copied into it; only the sidecar is replaced, so that export gives back exactly this file. After an
/// import that did not come to its end, `export_tensors` refuses what is there. Errors: `invalid_argument` and
/// `too_large` for what is wrong; `io_error` when the file cannot be read; `cancelled` by an interrupt; those of the
/// store. Requires: `check_import` found nothing wrong.
Result<ImportSummary> import_tensors(CompressedKvStore& store, const SafetensorsFile& file,
                                     const ImportOptions& options);

/// The file that was imported, byte for byte when its codecs are lossless. Without a sidecar, or with `present`, a file
/// of all values under the prefix that have a shape. Where a tensor or all of them are absent, nothing is exported, and
/// the summary says so. Errors: `io_error` too when a value is not as long as its tensor, and, without `present`, after
/// an import that was cut short; `cancelled`.
Result<ExportSummary> export_tensors(CompressedKvStore& store, const std::string& path, const ExportOptions& options);

}  // namespace cinch::tool
