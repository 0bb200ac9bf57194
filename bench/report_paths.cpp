// The tensor codecs alone, plan and blocks, on every instruction set, beside plain libraries and memcpy: one pinned
// core, and tensors that no cache holds.
#include <sched.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "bench/codec_path.hpp"
#include "bench/peer_process.hpp"
#include "bench/plain_database.hpp"
#include "bench/report.hpp"
#include "plugins/tensor/aligned.hpp"
#include "tools/cinch/bench_pairs.hpp"

namespace cinch::bench {
namespace {

constexpr std::size_t cold_bytes = 40u << 20;

struct Content {
  std::string name;
  std::vector<Tensor> tensors;
  double quant_error;
  double tensor_ratio;  // goal
};

/// Rates in GB/s that the codecs are meant to reach, of K and V alike; nothing: no goal.
struct PathGoals {
  std::optional<double> encode, decode;

  static PathGoals of(const std::string& path) {
    if (path == "tensor avx512") return {5, 7};
    if (path == "tensor avx2") return {2, 3};
    if (path == "quant avx512") return {5, 11};
    if (path == "quant avx2") return {3, 4};
    return {};
  }
};

/// Those of the long text, and again so often that no cache holds them.
Content content_of(Content made, const std::vector<Tensor>& all,
                   const std::function<bool(const std::string&)>& is_wanted, std::size_t min_bytes) {
  for (const Tensor& tensor : all) {
    if (tensor.name.starts_with("long-") && is_wanted(tensor.name)) made.tensors.push_back(tensor);
  }
  const std::size_t distinct = made.tensors.size();
  if (distinct == 0) return made;
  made.tensors.reserve(distinct * (min_bytes / total_bytes(made.tensors) + 1));
  while (total_bytes(made.tensors) < min_bytes) {
    for (std::size_t i = 0; i < distinct; ++i) made.tensors.push_back(made.tensors[i]);
  }
  return made;
}

/// Keeps this thread on the core that it is on.
class PinnedCore {
 public:
  PinnedCore() {
    (void)sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    (void)sched_setaffinity(0, sizeof one, &one);
  }
  PinnedCore(const PinnedCore&) = delete;
  PinnedCore& operator=(const PinnedCore&) = delete;
  ~PinnedCore() { (void)sched_setaffinity(0, sizeof before_, &before_); }

 private:
  cpu_set_t before_{};
};

/// What one thread needs: a codec, and memory to encode and to decode to, which begins with a line of the cache as what
/// stores decode to does.
struct Worker {
  Worker(const PathMaker& maker, std::size_t longest) : path(maker.make()), decoded(longest) {}

  std::unique_ptr<CodecPath> path;
  EncodedTensor encoded;
  tensor::Aligned<std::byte> decoded;

  MutableBytes room(const Tensor& tensor) { return MutableBytes(decoded).first(tensor.bytes.size()); }
};

class PathRows {
 public:
  PathRows(Report& report, const Content& content, const PathMaker& maker)
      : report_(report), content_(content), maker_(maker), bytes_(static_cast<double>(total_bytes(content.tensors))) {
    for (const Tensor& tensor : content.tensors) longest_ = std::max(longest_, tensor.bytes.size());
    for (int i = 0; i < 2; ++i) workers_.emplace_back(maker, longest_);
    check();
  }

  void ratio(double goal) {
    report_.value(content_.name + ", tensor, ratio", "raw bytes", "ratio", bytes_ / stored_, {}, goal, true);
  }

  /// Holds the rates to `goals`.
  void against_memcpy(const PathGoals& goals) {
    const auto copy_all = [&] {
      for (const Tensor& tensor : content_.tensors) {
        std::memcpy(workers_[0].decoded.data(), tensor.bytes.data(), tensor.bytes.size());
        tool::keep(workers_[0].decoded.data());
      }
    };
    beside("memcpy", copy_all, copy_all, goals);
  }

  void against_peer(const std::string& peer_name, PeerProcess& peer) {
    beside(
        peer_name + ", ratio " + peer.figures(), [&] { peer.run("encode"); }, [&] { peer.run("decode"); });
  }

  void two_threads() {
    report_.bytes(
        name("encode"), "one thread", bytes_, [&] { in_two([&](std::size_t i) { encode(i, i, 2); }); },
        [&] { encode(0, 0, 1); }, 1.85);
    report_.bytes(
        name("decode"), "one thread", bytes_, [&] { in_two([&](std::size_t i) { decode(i, i, 2); }); },
        [&] { decode(0, 0, 1); }, 1.85);
  }

 private:
  void beside(const std::string& against, const Report::Work& encode_other, const Report::Work& decode_other,
              const PathGoals& goals = {}) {
    const std::optional<double> loss = maker_.error > 0 ? std::optional(loss_) : std::nullopt;
    report_.bytes(
        name("encode"), against, bytes_, [&] { encode(0, 0, 1); }, encode_other);
    report_.note_codec(bytes_ / stored_, loss);
    if (goals.encode) report_.note_rate_goal(*goals.encode);
    report_.bytes(
        name("decode"), against, bytes_, [&] { decode(0, 0, 1); }, decode_other);
    report_.note_codec(bytes_ / stored_, loss);
    if (goals.decode) report_.note_rate_goal(*goals.decode);
  }

  std::string name(const char* operation) const { return content_.name + ", " + maker_.name + ", " + operation; }

  /// Encodes everything once, for `decode`, and looks at what comes back.
  void check() {
    Worker& worker = workers_[0];
    for (const Tensor& tensor : content_.tensors) {
      worker.path->encode(tensor, encoded_.emplace_back());
      stored_ += static_cast<double>(encoded_.back().stored_bytes(tensor));
      worker.path->decode(tensor, encoded_.back(), worker.room(tensor));
      const double loss = worker.path->loss(tensor, worker.room(tensor));
      if (!(loss <= maker_.error)) report_.wrong(tensor.name + " came back different under " + maker_.name);
      loss_ = std::max(loss_, loss);
    }
  }

  void encode(std::size_t worker, std::size_t first, std::size_t stride) {
    for (std::size_t i = first; i < content_.tensors.size(); i += stride) {
      workers_[worker].path->encode(content_.tensors[i], workers_[worker].encoded);
    }
  }
  void decode(std::size_t worker, std::size_t first, std::size_t stride) {
    for (std::size_t i = first; i < content_.tensors.size(); i += stride) {
      const Tensor& tensor = content_.tensors[i];
      workers_[worker].path->decode(tensor, encoded_[i], workers_[worker].room(tensor));
    }
  }
  template <class Work>
  static void in_two(Work&& work) {
    std::thread second([&] { work(1); });
    work(0);
    second.join();
  }

  Report& report_;
  const Content& content_;
  const PathMaker& maker_;
  const double bytes_;
  std::size_t longest_ = 0;
  std::vector<Worker> workers_;
  std::vector<EncodedTensor> encoded_;
  double stored_ = 0;
  double loss_ = 0;
};

/// Codecs that others made for tensors, each in a process of its own, on the same core and the same tensors.
void peer_rows(Report& report, const Content& content, const std::string& python) {
  const Directory directory("tensors");
  std::filesystem::create_directory(directory.path());
  const std::string file = directory.path() + "/tensors";
  std::ofstream out(file, std::ios::binary);
  for (const Tensor& tensor : content.tensors) out << as_text(tensor.bytes);
  out.close();
  const std::string length = std::to_string(content.tensors.front().bytes.size());
  const PathMaker tensor = codec_paths(content.quant_error, true).front();
  PathRows rows(report, content, tensor);
  for (const auto& [name, codec] : {std::pair{"ZipNN", "zipnn"}, std::pair{"OpenZL, FSE", "openzl-fse"},
                                    std::pair{"OpenZL, Huffman", "openzl-huffman"}}) {
    PeerProcess peer(python, {CINCH_SOURCE_DIR "/bench/peers/tensor_codecs.py", codec, file, length});
    rows.against_peer(name, peer);
  }
}

}  // namespace

void report_paths(Report& report) {
  // A hasty run measures what the data set has, once; a full one as much as no cache holds.
  const std::size_t min_bytes = report.is_quick() ? 1 : cold_bytes;
  const Tensors& all = tensors(false);
  const auto is_first = [](const std::string& name) { return name.ends_with("layers.0.v"); };
  const auto is_any = [](const std::string&) { return true; };
  const auto is_later = [&](const std::string& name) { return !is_first(name); };
  const Content groups[] = {content_of({"K", {}, 0.12, 1.60}, all.k, is_any, min_bytes),
                            content_of({"V", {}, 0.2, 1.495}, all.v, is_later, min_bytes),
                            content_of({"V of layer 0", {}, 0.2, 5}, all.v, is_first, min_bytes)};
  if (groups[0].tensors.empty()) {
    return report.left_out("the tensor codecs alone, and beside ZipNN and OpenZL",
                           "long-5461 of the data set is not there");
  }
  report.section("Codecs alone on the tensors of long-5461, one pinned core, blocks of 256 KiB");
  {
    const PinnedCore pinned;
    for (const Content& content : groups) {
      const std::vector<PathMaker> makers = codec_paths(content.quant_error, report.is_quick());
      for (const PathMaker& maker : makers) {
        PathRows rows(report, content, maker);
        rows.against_memcpy(&content == &groups[2] ? PathGoals() : PathGoals::of(maker.name));
        if (&maker == makers.data()) rows.ratio(content.tensor_ratio);  // tensor comes first
      }
    }
  }
  if (const std::optional<std::string> python = report.peer_program("ZipNN and OpenZL", "python/bin/python3")) {
    report.section("tensor beside ZipNN and OpenZL, long-5461, one pinned core");
    const PinnedCore pinned;
    for (const Content& content : {groups[0], groups[1]}) peer_rows(report, content, *python);
  }
  report.section("Codecs alone, two threads on two values");
  for (const Content& content : {groups[0], groups[1]}) {
    for (const PathMaker& maker : codec_paths(content.quant_error, true)) {
      if (maker.name.starts_with("tensor") || maker.name.starts_with("quant")) {
        PathRows(report, content, maker).two_threads();
      }
    }
  }
}

}  // namespace cinch::bench
