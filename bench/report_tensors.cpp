// Every codec there is on the tensors of a KV cache, beside memcpy, and c-blosc as one would set it up for them.
#include <blosc.h>

#include <cstring>
#include <map>

#include "bench/bench_values.hpp"
#include "bench/report_stores.hpp"
#include "cinch/codec_registry.hpp"
#include "tools/cinch/bench_pairs.hpp"

namespace cinch::bench {
namespace {

/// What is to be measured: all that is loaded, some with several settings.
std::vector<std::string> specs() {
  static const std::map<std::string, std::vector<std::string>> settings = {
      {"lz4", {"lz4", "lz4:hc=9"}},
      {"zstd", {"zstd:level=-1", "zstd:level=1", "zstd:level=3", "zstd:level=9"}},
      {"quant", {"quant:error=0.08", "quant:error=0.15", "quant:error=0.3"}}};
  std::vector<std::string> out;
  for (const ProviderInfo& provider : default_registry().providers()) {
    if (!provider.traits.encodes || !provider.traits.decodes) continue;
    const auto known = settings.find(provider.format);
    if (known == settings.end()) {
      out.push_back(provider.format);
    } else {
      out.insert(out.end(), known->second.begin(), known->second.end());
    }
  }
  return out;
}

class TensorRows {
 public:
  TensorRows(Report& report, const std::string& content, const std::vector<Tensor>& tensors)
      : report_(report), content_(content), tensors_(tensors), bytes_(static_cast<double>(total_bytes(tensors))) {
    std::size_t longest = 0;
    for (const Tensor& tensor : tensors) longest = std::max(longest, tensor.bytes.size());
    copy_.resize(longest);
  }

  void codec(const std::string& spec) {
    const auto store = memory_store(spec);
    double stored = 0;
    std::optional<double> loss;
    for (const Tensor& tensor : tensors_) {
      const Status status = set(*store, tensor);
      if (!status.ok()) return report_.left_out(content_ + ", " + spec, status.to_string());
      check(*store, tensor);
      const FrameInfo info = *store->inspect(tensor.name).value();
      stored += static_cast<double>(info.stored_bytes);
      if (info.loss) loss = std::max<double>(loss.value_or(0), info.loss->relative_error);
    }
    const auto set_all = [&] {
      for (const Tensor& tensor : tensors_) require(set(*store, tensor));
    };
    const auto get_all = [&] {
      for (const Tensor& tensor : tensors_) (void)must_get(*store, tensor.name);
    };
    row(spec, "set", set_all, bytes_ / stored, loss);
    row(spec, "get", get_all, bytes_ / stored, loss);
  }

  void blosc(int shuffle, const char* name, const char* compressor, int level) {
    std::vector<std::vector<std::byte>> encoded;
    double stored = 0;
    const auto encode = [&](const Tensor& tensor, std::vector<std::byte>& to) {
      to.resize(tensor.bytes.size() + BLOSC_MAX_OVERHEAD);
      const int length = blosc_compress_ctx(level, shuffle, 2, tensor.bytes.size(), tensor.bytes.data(), to.data(),
                                            to.size(), compressor, 0, 1);
      if (length <= 0) throw std::runtime_error("c-blosc did not encode");
      return length;
    };
    for (const Tensor& tensor : tensors_) {
      stored += encode(tensor, encoded.emplace_back());
      decode(encoded.back(), tensor);
      if (!std::equal(tensor.bytes.begin(), tensor.bytes.end(), copy_.begin())) report_.wrong(name);
    }
    const auto set_all = [&] {
      for (std::size_t i = 0; i < tensors_.size(); ++i) (void)encode(tensors_[i], encoded[i]);
    };
    const auto get_all = [&] {
      for (std::size_t i = 0; i < tensors_.size(); ++i) decode(encoded[i], tensors_[i]);
    };
    row(name, "set", set_all, bytes_ / stored, {});
    row(name, "get", get_all, bytes_ / stored, {});
  }

 private:
  static Status set(KvStore& store, const Tensor& tensor) {
    return store.set(tensor.name, ByteView(tensor.bytes), {.tensor = tensor.shape});
  }

  void decode(const std::vector<std::byte>& encoded, const Tensor& tensor) {
    const int length = blosc_decompress_ctx(encoded.data(), copy_.data(), tensor.bytes.size(), 1);
    if (length != static_cast<int>(tensor.bytes.size())) throw std::runtime_error("c-blosc did not decode");
  }

  void check(CompressedKvStore& store, const Tensor& tensor) {
    const Value value = must_get(store, tensor.name);
    const bool may_differ = store.codec()->traits().lossy;
    if (value.size() != tensor.bytes.size() || (!may_differ && as_text(value.bytes()) != as_text(tensor.bytes))) {
      report_.wrong(tensor.name + " came back different under " + store.codec()->format().spec());
    }
  }

  void row(const std::string& codec, const char* operation, const Report::Work& work, double ratio,
           std::optional<double> loss) {
    const auto copy_all = [&] {
      for (const Tensor& tensor : tensors_) {
        std::memcpy(copy_.data(), tensor.bytes.data(), tensor.bytes.size());
        tool::keep(copy_.data());
      }
    };
    report_.bytes(content_ + ", " + codec + ", " + operation, "memcpy", bytes_, work, copy_all);
    report_.note_codec(ratio, loss);
  }

  Report& report_;
  const std::string content_;
  const std::vector<Tensor>& tensors_;
  const double bytes_;
  std::vector<std::byte> copy_;
};

}  // namespace

void report_tensors(Report& report) {
  const Tensors& all = tensors(report.is_quick());
  report.section("Codecs on bf16 tensors of a KV cache, one thread (" + all.origin + ")");
  for (const auto& [content, some] : {std::pair{"K", &all.k}, std::pair{"V", &all.v}}) {
    TensorRows rows(report, content, *some);
    for (const std::string& spec : specs()) rows.codec(spec);
    rows.blosc(BLOSC_BITSHUFFLE, "c-blosc bitshuffle and zstd", "zstd", 3);
    rows.blosc(BLOSC_SHUFFLE, "c-blosc shuffle and lz4", "lz4", 5);
  }
}

}  // namespace cinch::bench
