#include "tests/support/test_codecs.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>

namespace cinch::test {
namespace {

constexpr const char* names[] = {"test.toy-plain",
                                 "test.toy-planned",
                                 "test.toy-lossy",
                                 "test.toy-decodes-wrong",
                                 "test.toy-overruns",
                                 "test.toy-underruns",
                                 "test.toy-refuses",
                                 "test.toy-encodes-wrong",
                                 "test.toy-encoder-overruns",
                                 "test.toy-decodes-wrong-rarely",
                                 "test.toy-encodes-wrong-rarely",
                                 "test.toy-waits"};

CodecTraits traits_of(ToyKind kind) {
  CodecTraits traits;
  traits.encodes = traits.decodes = traits.deterministic = true;
  traits.lossy = kind == ToyKind::lossy;
  return traits;
}

class ToyPlan final : public PlanState {
 public:
  explicit ToyPlan(std::byte xor_key) : key(xor_key) {}
  const std::byte key;
};

class ToyCodec final : public Codec {
 public:
  ToyCodec(ToyKind kind, std::shared_ptr<Conviction> conviction)
      : Codec({names[static_cast<int>(kind)], 1, 0, ""}, traits_of(kind), std::move(conviction)), kind_(kind) {}

  static std::shared_ptr<Conviction> new_conviction() { return std::make_shared<Conviction>(); }

 private:
  Result<std::size_t> do_bound(std::size_t size, const TensorShape*) const override { return 2 * size; }

  Result<std::optional<Plan>> do_plan(ByteView value, const TensorShape*, std::uint64_t) const override {
    if (kind_ != ToyKind::planned || value.empty()) return std::optional<Plan>();
    return std::optional<Plan>(Plan{{value[0]}, "key=" + std::to_string(std::to_integer<int>(value[0]))});
  }

  Result<std::shared_ptr<const PlanState>> do_open_plan(ByteView plan, const TensorShape*) const override {
    if (plan.size() != 1) return Status(StatusCode::corruption, "toy: a plan is one byte");
    return std::shared_ptr<const PlanState>(std::make_shared<ToyPlan>(plan[0]));
  }

  std::byte mapped(std::byte byte, const PlanState* plan) const {
    if (plan) byte ^= static_cast<const ToyPlan*>(plan)->key;
    return kind_ == ToyKind::lossy ? byte & std::byte{0xf0} : byte;
  }

  Result<std::optional<std::size_t>> do_compress(const BlockSlice&, const PlanState* plan, ByteView block,
                                                 MutableBytes to) const override {
    std::size_t out = 0;
    for (std::size_t i = 0; i < block.size();) {
      const std::byte byte = mapped(block[i], plan);
      std::size_t run = 1;
      while (run < 255 && i + run < block.size() && mapped(block[i + run], plan) == byte) ++run;
      to[out++] = byte;
      to[out++] = static_cast<std::byte>(run);
      i += run;
    }
    if (kind_ == ToyKind::encodes_wrong) to[0] ^= std::byte{1};
    if (kind_ == ToyKind::encodes_wrong_rarely && is_turn(block.size())) to[out / 2] ^= std::byte{1};
    if (kind_ == ToyKind::encoder_overruns) to.data()[to.size()] = std::byte{1};
    if (out >= block.size()) return std::optional<std::size_t>();
    return std::optional<std::size_t>(out);
  }

  Result<LossSums> do_measure(const BlockSlice&, ByteView original, ByteView decoded) const override {
    LossSums loss;
    for (std::size_t i = 0; i < original.size(); ++i) {
      const int value = std::to_integer<int>(original[i]);
      const int error = value - std::to_integer<int>(decoded[i]);
      loss.squared_error += error * error;
      loss.squared += value * value;
      loss.max_abs = std::max(loss.max_abs, static_cast<float>(error));
    }
    loss.worst_row = loss.squared > 0 ? static_cast<float>(std::sqrt(loss.squared_error / loss.squared)) : 0.0f;
    return loss;
  }

  Status do_decompress(const BlockSlice& slice, const PlanState* plan, ByteView encoded,
                       MutableBytes to) const override {
    if (kind_ == ToyKind::refuses) return {StatusCode::corruption, "toy: refused"};
    if (kind_ == ToyKind::waits && !encoded.empty() && encoded[0] == std::byte{'!'}) toy_gate().wait();
    std::size_t out = 0;
    for (std::size_t i = 0; i + 1 < encoded.size(); i += 2) {
      const auto run = std::to_integer<std::size_t>(encoded[i + 1]);
      if (run > to.size() - out) return {StatusCode::corruption, "toy: too long"};
      std::ranges::fill(to.subspan(out, run), mapped(encoded[i], plan));
      out += run;
    }
    if (kind_ == ToyKind::decodes_wrong) to[0] ^= std::byte{1};
    if (kind_ == ToyKind::decodes_wrong_rarely && is_turn(to.size())) to[to.size() / 2] ^= std::byte{1};
    if (kind_ == ToyKind::underruns && slice.byte_offset > 0) to.data()[-1] ^= std::byte{1};
    if (kind_ == ToyKind::overruns) to.data()[to.size()] ^= std::byte{1};
    if (out != to.size()) return {StatusCode::corruption, "toy: too short"};
    return {};
  }

  /// Whether the next of every `rarely` bytes is among the `size` that come now.
  bool is_turn(std::uint64_t size) const {
    const std::uint64_t before = worked_on_.fetch_add(size);
    return before / rarely != (before + size) / rarely;
  }

  ToyKind kind_;
  mutable std::atomic<std::uint64_t> worked_on_{0};
};

class ToyProvider final : public CodecProvider {
 public:
  explicit ToyProvider(ToyKind kind) : codec_(make_toy_codec(kind)) {
    info_.format = info_.implementation = codec_->format().name;
    info_.major = info_.decodes_major_min = 1;
    info_.origin = "test program";
    info_.traits = codec_->traits();
  }

  const ProviderInfo& info() const noexcept override { return info_; }
  Result<std::string> canonical(std::string_view options) const override {
    if (options.empty()) return std::string();
    return Status(StatusCode::invalid_argument, "unknown parameter; there are none");
  }
  Result<std::shared_ptr<const Codec>> open(std::uint16_t, std::uint16_t, std::string_view) const override {
    return codec_;
  }

 private:
  std::shared_ptr<const Codec> codec_;
  ProviderInfo info_;
};

}  // namespace

void ToyGate::wait() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return is_open_; });
  --waiting_;
}

void ToyGate::open() {
  const std::lock_guard lock(mutex_);
  is_open_ = true;
  changed_.notify_all();
}

void ToyGate::close() {
  const std::lock_guard lock(mutex_);
  is_open_ = false;
}

void ToyGate::until_waiting(int count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_ >= count; });
}

ToyGate& toy_gate() {
  static ToyGate gate;
  return gate;
}

std::shared_ptr<const Codec> make_toy_codec(ToyKind kind) {
  return std::make_shared<ToyCodec>(kind, ToyCodec::new_conviction());
}

CodecRegistry make_toy_registry(std::initializer_list<ToyKind> kinds) {
  CodecRegistry registry;
  for (const ToyKind kind : kinds) {
    if (Status status = registry.add(std::make_shared<ToyProvider>(kind)); !status.ok()) {
      throw std::logic_error(status.to_string());
    }
  }
  return registry;
}

}  // namespace cinch::test
