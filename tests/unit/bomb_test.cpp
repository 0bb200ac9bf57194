// Small values that decode to huge ones: refused before anything is allocated, or stopped at the end of the
// destination, which is exactly as long as the frame said.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory_resource>
#include <sstream>

#include "cinch/backend_registry.hpp"
#include "cinch/compressed_kv_store.hpp"
#include "engine/checksum.hpp"
#include "engine/frame_reader.hpp"
#include "tests/support/failing_allocator.hpp"
#include "tests/support/payloads.hpp"
#include "tests/unit/frame_cases.hpp"

namespace cinch {
namespace {

using test::Bytes;
using test::make_payload;
using test::PayloadKind;

constexpr std::string_view bomb_key = "k";
constexpr std::uint64_t limit = std::uint64_t{1} << 20;
constexpr std::uint64_t slack = std::uint64_t{1} << 20;  // what a call may take besides value and frame

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

Bytes operator+(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// -- zstd's, without its magic, as blocks are stored.

/// Blocks of 4 bytes that each decode to 128 KiB of one byte.
Bytes zstd_runs(std::size_t blocks) {
  Bytes out;
  for (std::size_t i = 0; i < blocks; ++i) {
    const unsigned header = (std::uint32_t{128} << 10 << 3) | 1u << 1 | (i + 1 == blocks ? 1u : 0u);
    for (const unsigned shift : {0u, 8u, 16u}) out.push_back(static_cast<std::byte>(header >> shift));
    out.push_back(std::byte{0});
  }
  return out;
}

/// A header that does not say how long the content is, with a window of 2^log bytes.
Bytes zstd_header(int window_log) { return bytes_of({0x00, (window_log - 10) << 3}); }

/// A header that says it, in 8 bytes.
Bytes zstd_header(int window_log, std::uint64_t content) {
  Bytes out = bytes_of({0xc0, (window_log - 10) << 3});
  for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::byte>(content >> shift));
  return out;
}

/// Many frames of one byte each, one after the other, each with a magic but the first.
Bytes zstd_tiny_frames(std::size_t count) {
  const Bytes tiny = bytes_of({0x20, 0x01, 0x09, 0x00, 0x00, 'x'});  // one segment of 1 byte: a last, raw block
  Bytes out = tiny;
  for (std::size_t i = 1; i < count; ++i) out = std::move(out) + bytes_of({0x28, 0xb5, 0x2f, 0xfd}) + tiny;
  return out;
}

// -- lz4's.

/// One byte, and a match that repeats it 255 times for each byte of input.
Bytes lz4_run(std::size_t size) {
  return bytes_of({0x1f, 'a', 1, 0}) + Bytes(size, std::byte{0xff}) + bytes_of({0, 0x50, 'a', 'a', 'a', 'a', 'a'});
}

struct Bomb {
  std::string name;
  std::string codec;
  Bytes block;
  Bytes plan;  // empty: none
};

/// What any codec has to survive: bytes that mean nothing to it, or too much.
void add_general(const std::string& codec, std::vector<Bomb>& out) {
  const std::vector<Bytes> contents = {Bytes(1), Bytes(25'000), Bytes(25'000, std::byte{0xff}),
                                       make_payload(PayloadKind::random, 25'000), Bytes(3, std::byte{0x7f})};
  for (const Bytes& block : contents) out.push_back({"junk block", codec, block, {}});
  for (const Bytes& plan : contents) out.push_back({"junk plan", codec, make_payload(PayloadKind::random, 1000), plan});
}

/// Blocks that the codec itself made of long values that shrink to nearly nothing, told to be short ones.
void add_own(const std::string& codec, std::vector<Bomb>& out) {
  for (const bool typed : {false, true}) {
    test::FrameCase c = test::bundled(codec, Bytes(std::size_t{16} << 20));
    const std::uint64_t dims[] = {std::uint64_t{8} << 20};
    if (typed) c.shape = *make_tensor(Dtype::bf16, dims);
    const Result<Bytes> encoded = c.try_encode(bomb_key);
    if (!encoded) continue;
    FrameLayout layout;
    const Status status = layout.read(*encoded, bomb_key, hard_max_value_bytes);
    ASSERT_TRUE(status.ok()) << status.to_string();
    const BlockEntry& block = layout.blocks().front();
    const ByteView stored = ByteView(*encoded).subspan(block.stored_offset, block.stored_bytes);
    const ByteView plan = layout.plan(*encoded);
    if (block.is_raw()) continue;
    out.push_back({"16 MiB of zeros", codec, {stored.begin(), stored.end()}, {plan.begin(), plan.end()}});
  }
}

std::vector<Bomb> bombs() {
  std::vector<Bomb> out;
  std::istringstream names(CINCH_CODECS);
  for (std::string codec; names >> codec;) {
    add_general(codec, out);
    add_own(codec, out);
  }
  const Bytes runs = zstd_runs(6400);  // 25,600 bytes that decode to 800 MiB
  for (const int window_log : {10, 17, 20, 27, 31, 41}) {
    out.push_back({"800 MiB of unknown length, window 2^" + std::to_string(window_log),
                   "zstd",
                   zstd_header(window_log) + runs,
                   {}});
  }
  for (const std::uint64_t content : {std::uint64_t{0}, std::uint64_t{4096}, std::uint64_t{800} << 20,
                                      std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{1}}) {
    out.push_back({"says " + std::to_string(content), "zstd", zstd_header(10, content) + runs, {}});
    out.push_back({"says " + std::to_string(content), "zstd", zstd_header(20, content) + runs, {}});
  }
  out.push_back({"100,000 frames", "zstd", zstd_tiny_frames(100'000), {}});
  out.push_back({"a frame of frames", "zstd", zstd_header(10) + zstd_header(10) + runs, {}});
  out.push_back({"255 times as long", "lz4", lz4_run(100'000), {}});
  out.push_back({"a run that never ends", "lz4", Bytes(100'000, std::byte{0xff}), {}});
  return out;
}

/// A frame with right checksums that says its one block decodes to `claimed` bytes.
Bytes frame_of(const Bomb& bomb, std::uint64_t claimed, std::optional<TensorShape> shape = std::nullopt) {
  FrameSummary summary;
  summary.format = {bomb.codec, 1, 0, ""};
  summary.decoded_bytes = claimed;
  summary.shape = shape;
  Bytes rest;
  if (bomb.plan.empty()) {
    summary.stored_checksum = static_cast<std::uint32_t>(checksum(bomb.block));
  } else {
    const BlockEntry entry{claimed, bomb.block.size(), checksum(bomb.block), 0, 0};
    std::pmr::vector<std::byte> index;
    write_index({&entry, 1}, bomb.plan, index);
    summary.indexed = true;
    summary.plan_bytes = bomb.plan.size();
    summary.index_checksum = checksum(index);
    rest = Bytes(index.begin(), index.end()) + bomb.plan;
  }
  std::pmr::vector<std::byte> head;
  write_summary(summary, bomb_key, head);
  return Bytes(head.begin(), head.end()) + rest + bomb.block;
}

Result<Value> decode(const Bytes& frame, std::uint64_t most = limit) {
  const Result<FrameReader> reader = FrameReader::open(Value::copy_of(frame), bomb_key, most);
  if (!reader) return reader.error();
  return reader->decode(default_registry(), Verify::always);
}

/// Decodes all bombs under many lies; each is refused, and takes no more memory than the lie was long.
void set_off_all() {
  for (const Bomb& bomb : bombs()) {
    for (const std::uint64_t claimed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4096}, limit - 1, limit}) {
      const Bytes frame = frame_of(bomb, claimed);
      const test::AllocationCount allocated;
      const Result<Value> value = decode(frame);
      EXPECT_LE(allocated.bytes(), claimed + claimed / 8 + 2 * frame.size() + slack)
          << bomb.codec << ", " << bomb.name << " as " << claimed;
      EXPECT_FALSE(value) << bomb.codec << ", " << bomb.name << " as " << claimed;
    }
  }
}

TEST(BombTest, ALengthOverTheLimitIsRefusedBeforeAnythingIsAllocated) {
  for (const Bomb& bomb : bombs()) {
    for (const std::uint64_t claimed :
         {limit + 1, std::uint64_t{800} << 20, std::uint64_t{1} << 31, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
      const Value frame = Value::own(frame_of(bomb, claimed));
      const test::AllocationCount allocated;
      const Result<FrameReader> reader = FrameReader::open(frame, bomb_key, limit);
      EXPECT_LE(allocated.bytes(), 4096u) << bomb.codec << ", " << bomb.name;
      ASSERT_FALSE(reader);
      EXPECT_EQ(reader.error().code(), StatusCode::too_large) << reader.error().to_string();
    }
  }
}

TEST(BombTest, AShorterLengthThanTheTrueOneEndsAtTheDestination) { set_off_all(); }

TEST(BombTest, ShapesThatOverflowAreRefused) {
  Bomb bomb = {"shape", "zstd", zstd_header(10) + zstd_runs(10), {}};
  const std::uint64_t huge = std::uint64_t{1} << 63;
  const std::vector<std::vector<std::uint64_t>> shapes = {
      {huge, 2}, {huge, huge}, {~std::uint64_t{0}}, std::vector<std::uint64_t>(8, 256), {0, huge}, {huge, 0}, {}};
  for (const auto& dims : shapes) {
    for (const std::optional<std::uint8_t> axis : {std::optional<std::uint8_t>(), std::optional<std::uint8_t>(0),
                                                   std::optional<std::uint8_t>(7), std::optional<std::uint8_t>(200)}) {
      TensorShape shape;
      shape.dtype = Dtype::bf16;
      shape.ndim = static_cast<std::uint8_t>(dims.size());
      shape.token_axis = axis;
      std::ranges::copy(dims, shape.dims.begin());
      for (const std::uint64_t claimed : {std::uint64_t{0}, std::uint64_t{2}, limit}) {
        EXPECT_FALSE(decode(frame_of(bomb, claimed, shape)));
      }
    }
  }
}

TEST(BombTest, AStoreAnswersForItsBombsAndGoesOn) {
  const std::shared_ptr<KvStore> inner = *bundled_backends().open("memory", {});
  CompressedOptions options;
  options.max_value_bytes = limit;
  CompressedKvStore store(inner, *default_registry().codec("zstd"), options);
  ASSERT_TRUE(store.set("good", std::string(1000, 'g')).ok());
  std::vector<std::byte> to(4096);
  for (const Bomb& bomb : bombs()) {
    for (const std::uint64_t claimed : {std::uint64_t{4096}, std::uint64_t{800} << 20, ~std::uint64_t{0}}) {
      SCOPED_TRACE(bomb.codec + ", " + bomb.name + " as " + std::to_string(claimed));
      ASSERT_TRUE(inner->set(bomb_key, frame_of(bomb, claimed)).ok());
      const test::AllocationCount allocated;
      EXPECT_FALSE(store.get(bomb_key));
      EXPECT_FALSE(store.get_into(bomb_key, to));
      EXPECT_FALSE(store.get_range(bomb_key, 0, MutableBytes(to).first(10)));
      EXPECT_FALSE(store.get_tokens(bomb_key, 0, 1, to));
      EXPECT_FALSE(store.head(bomb_key, 10));
      EXPECT_FALSE(store.recompress(bomb_key, "raw"));
      EXPECT_FALSE(store.batch_get(std::vector<std::string_view>{bomb_key})[0]);
      EXPECT_LE(allocated.bytes(), 20 * slack);
      EXPECT_TRUE(store.inspect(bomb_key)) << "its head is sound";
      EXPECT_TRUE(store.remove(bomb_key).ok());
    }
  }
  const GetResult good = store.get("good");
  EXPECT_TRUE(good && *good && (*good)->text() == std::string(1000, 'g')) << good.status().to_string();
  EXPECT_EQ(store.set("too long", Bytes(limit + 1)).code(), StatusCode::too_large);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose shadow is all of the address space

std::uint64_t address_space_in_use() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST(BombTest, UnderALimitOfTheAddressSpaceNoneRunsOutOfMemory) {
  (void)bombs();  // loads the codecs
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlim_t most = address_space_in_use() + (rlim_t{64} << 20);
    const rlimit address_space{most, most};
    if (setrlimit(RLIMIT_AS, &address_space) != 0) _exit(2);
    try {
      set_off_all();
    } catch (const std::bad_alloc&) {
      _exit(3);
    }
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

#endif

}  // namespace
}  // namespace cinch
