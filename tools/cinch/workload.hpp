/// Values to measure with, and how fast something works through them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cinch/compressed_kv_store.hpp"

namespace cinch::tool {

struct WorkloadValue {
  std::string name;
  std::vector<std::byte> bytes;
  std::optional<TensorShape> shape;
};

using Workload = std::vector<WorkloadValue>;

std::uint64_t total_bytes(const Workload& values) noexcept;

/// The tensors of a safetensors file, with what else is known of them. Errors: `io_error`; `invalid_argument` when that
/// does not fit a tensor.
Result<Workload> load_tensors(const std::string& path, const TensorLayout& layout = {});

/// The tensors of a safetensors file, or any other regular file in pieces of 2 MiB. Errors: as above.
Result<Workload> load_values(const std::string& path, const TensorLayout& layout);

/// JSON documents of some tens of KiB, the same at every call (workload_documents.cpp).
Workload make_documents();

/// Sets all values, one after the other.
Status set_all(CompressedKvStore& store, const Workload& values, const std::string& prefix);

/// Gets all values and compares. Errors: `corruption` that names the first that differs or is absent. What a lossy
/// codec stored is only compared in length.
Status compare_all(CompressedKvStore& store, const Workload& values, const std::string& prefix);

/// Stored length of the values, frames included, how many the fallback encoded, and what they lost.
struct Stored {
  std::uint64_t bytes = 0;
  std::uint64_t fallen_back = 0;
  std::optional<LossReport> loss;
};
Result<Stored> stored(CompressedKvStore& store, const Workload& values);

/// Work done, and the time it took.
struct Rate {
  double bytes = 0;
  double seconds = 0;
  double gb_per_s() const noexcept { return seconds > 0 ? bytes / 1e9 / seconds : 0; }
};

/// Runs `work(thread, value)` on all values, shared among `threads`, again and again for about `seconds`. Stops at the
/// first failure.
Result<Rate> measure(const Workload& values, unsigned threads, double seconds,
                     const std::function<Status(unsigned thread, std::size_t value)>& work);

}  // namespace cinch::tool
