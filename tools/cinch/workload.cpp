#include "workload.hpp"

#include <algorithm>
#include <chrono>
#include <latch>
#include <thread>

#include "cinch/keys.hpp"
#include "files.hpp"
#include "import_summary.hpp"
#include "loss.hpp"
#include "output.hpp"
#include "safetensors.hpp"

namespace cinch::tool {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t piece_bytes = std::size_t{2} << 20;

Result<Workload> tensors_of(const SafetensorsFile& file, const TensorLayout& layout) {
  Workload values;
  for (const TensorEntry& tensor : file.header().tensors) {
    Result<std::vector<std::byte>> bytes = file.read(tensor);
    if (!bytes) return bytes.error();
    const Result<std::optional<TensorShape>> shape = laid_out(tensor, layout);
    if (!shape) return about_key(shape.error(), tensor.name);
    values.push_back({tensor.name, std::move(*bytes), *shape});
  }
  return values;
}

Result<Workload> pieces_of(const std::string& path) {
  const Result<InputFile> file = InputFile::open(path);
  if (!file) return file.error();
  Workload values;
  for (std::uint64_t offset = 0; offset < file->size(); offset += piece_bytes) {
    std::vector<std::byte> piece(std::min<std::uint64_t>(piece_bytes, file->size() - offset));
    if (Status status = file->read_at(offset, piece); !status.ok()) return status;
    values.push_back({"piece." + std::to_string(values.size()), std::move(piece), std::nullopt});
  }
  return values;
}

/// One thread's share: every `threads`-th value, whole rounds at first, then until the time is over.
struct Share {
  unsigned thread;
  unsigned threads;
  double bytes = 0;
  Status status;

  void run(const Workload& values, Clock::time_point end, const std::function<Status(unsigned, std::size_t)>& work) {
    bool all_done = false;
    while (!(all_done && Clock::now() >= end)) {
      for (std::size_t i = thread; i < values.size(); i += threads) {
        status = work(thread, i);
        if (!status.ok()) return;
        bytes += static_cast<double>(values[i].bytes.size());
        if (all_done && Clock::now() >= end) return;
      }
      all_done = true;
    }
  }
};

}  // namespace

std::uint64_t total_bytes(const Workload& values) noexcept {
  std::uint64_t total = 0;
  for (const WorkloadValue& value : values) total += value.bytes.size();
  return total;
}

Result<Workload> load_tensors(const std::string& path, const TensorLayout& layout) {
  const Result<SafetensorsFile> file = SafetensorsFile::open(path);
  if (!file) return file.error();
  Result<Workload> values = tensors_of(*file, layout);
  if (values && total_bytes(*values) == 0) {
    return Status(StatusCode::io_error, path + (values->empty() ? ": holds no tensors" : ": its tensors are empty"));
  }
  return values;
}

Result<Workload> load_values(const std::string& path, const TensorLayout& layout) {
  const bool is_safetensors = path.ends_with(".safetensors") || SafetensorsFile::open(path).has_value();
  if (is_safetensors) return load_tensors(path, layout);
  Result<Workload> values = pieces_of(path);
  if (values && values->empty()) return Status(StatusCode::io_error, path + ": is empty");
  return values;
}

Status set_all(CompressedKvStore& store, const Workload& values, const std::string& prefix) {
  for (const WorkloadValue& value : values) {
    const std::string key = prefix + value.name;
    const Status status = store.set(key, ByteView(value.bytes), {.tensor = value.shape});
    if (!status.ok()) return about_key(status, key);
  }
  return {};
}

Status compare_all(CompressedKvStore& store, const Workload& values, const std::string& prefix) {
  for (const WorkloadValue& value : values) {
    const std::string key = prefix + value.name;
    const GetResult found = store.get(key);
    if (!found) return about_key(found.error(), key);
    const Result<std::optional<FrameInfo>> info = store.inspect(key);
    if (!info) return about_key(info.error(), key);
    const bool same = *found && *info && (*found)->size() == value.bytes.size() &&
                      ((*info)->lossy_origin || std::ranges::equal((*found)->bytes(), value.bytes));
    if (!same) return {StatusCode::corruption, describe_key(key) + ": what comes back is not what was set"};
  }
  return {};
}

Result<Stored> stored(CompressedKvStore& store, const Workload& values) {
  Stored total;
  LossTotals loss;
  for (const WorkloadValue& value : values) {
    const Result<std::optional<FrameInfo>> info = store.inspect(value.name);
    if (!info) return info.error();
    if (!*info) continue;
    const Result<SetChoice> choice = store.choose(value.name, value.bytes.size(), {.tensor = value.shape});
    if (!choice) return choice.error();
    total.bytes += (*info)->stored_bytes;
    if (fell_back(*choice, **info)) ++total.fallen_back;
    loss.add(**info);
  }
  total.loss = loss.report();
  return total;
}

Result<Rate> measure(const Workload& values, unsigned threads, double seconds,
                     const std::function<Status(unsigned thread, std::size_t value)>& work) {
  threads = static_cast<unsigned>(std::min<std::size_t>(threads, values.size()));
  std::vector<Share> shares;
  for (unsigned i = 0; i < threads; ++i) shares.push_back({i, threads, 0, {}});
  const auto length = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::latch ready(threads);
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) {
    others.emplace_back([&, i] {
      ready.arrive_and_wait();
      shares[i].run(values, Clock::now() + length, work);
    });
  }
  ready.arrive_and_wait();
  const Clock::time_point begin = Clock::now();
  shares[0].run(values, begin + length, work);
  for (std::thread& other : others) other.join();
  Rate rate;
  rate.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  for (const Share& share : shares) {
    if (!share.status.ok()) return share.status;
    rate.bytes += share.bytes;
  }
  return rate;
}

}  // namespace cinch::tool
