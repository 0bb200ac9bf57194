#include "tests/support/store_operations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace cinch::test {
namespace {

constexpr std::uint64_t tokens = 40;
constexpr std::array<std::uint64_t, 3> dims = {tokens, 1, 32};  // of bf16: 64 bytes a token
constexpr std::size_t value_bytes = tokens * 64;

/// Numbers as a tensor has them, close to each other; no two seeds give the same.
std::string tensor_value(char seed) {
  std::string value(value_bytes, '\0');
  for (std::size_t i = 0; i < value.size(); i += 2) {
    value[i] = static_cast<char>(i / 64 % 16 * 8);
    value[i + 1] = i % 6 == 0 ? '\x3f' : '\x40';
  }
  value.back() = seed;
  return value;
}

SetOptions as_tensor() { return {.tensor = *make_tensor(Dtype::bf16, dims, 0)}; }

Status differs() { return {StatusCode::cancelled, "other bytes than were set"}; }

Status compare(ByteView found, std::string_view expected) { return as_text(found) == expected ? Status() : differs(); }

Status compare(const GetResult& found, std::string_view expected) {
  if (!found) return found.error();
  return *found ? compare((*found)->bytes(), expected) : differs();
}

Status get_part(CompressedKvStore& store, std::uint64_t offset, std::size_t size) {
  std::vector<std::byte> to(size);
  const Result<bool> found = store.get_range("a", offset, to);
  if (!found) return found.error();
  return compare(to, tensor_value('a').substr(offset, size));
}

Status get_some_tokens(CompressedKvStore& store) {
  std::vector<std::byte> to(20 * 64);
  const Result<bool> found = store.get_tokens("a", 10, 20, to);
  if (!found) return found.error();
  return compare(to, tensor_value('a').substr(std::size_t{10} * 64, to.size()));
}

Status get_all_into(CompressedKvStore& store) {
  std::vector<std::byte> to(value_bytes + 10);
  const Result<std::optional<std::size_t>> size = store.get_into("a", to);
  if (!size) return size.error();
  return compare(ByteView(to).first(value_bytes), tensor_value('a'));
}

Status get_batch(CompressedKvStore& store) {
  const std::vector<GetResult> found = store.batch_get(std::vector<std::string_view>{"a", "b", "absent"});
  if (Status status = compare(found[0], tensor_value('a')); !status.ok()) return status;
  if (Status status = compare(found[1], tensor_value('b')); !status.ok()) return status;
  return found[2].status();
}

Status set_batch(CompressedKvStore& store) {
  const std::string first = tensor_value('1'), second = tensor_value('2');
  return store.batch_set(std::vector<SetItem>{{"a", first, as_tensor()}, {"d", second}});
}

Status set_parts(CompressedKvStore& store) {
  const std::string value = tensor_value('n');
  const std::array parts = {as_bytes(value).first(100), as_bytes(value).subspan(100)};
  return store.set("a", std::span<const ByteView>(parts), as_tensor());
}

Status set_if_unchanged(CompressedKvStore& store) {
  const Result<std::optional<Head>> head = store.head("a", 0);
  if (!head) return head.error();
  const Result<bool> stored = store.set_if("a", (*head)->stamp, tensor_value('i'), as_tensor());
  if (!stored) return stored.error();
  return *stored ? Status() : differs();
}

Status move_frame(CompressedKvStore& store) {
  const GetResult frame = store.get_frame("a");
  if (!frame) return frame.error();
  if (!*frame) return differs();
  return store.set_frame("a", (*frame)->bytes(), {.ttl = std::chrono::hours(1)});
}

Status read_head(CompressedKvStore& store) {
  const Result<std::optional<Head>> head = store.head("a", 100);
  if (!head) return head.error();
  return compare((*head)->first.bytes(), tensor_value('a').substr(0, 100));
}

Status set_with_codec(CompressedKvStore& store) {
  SetOptions options = as_tensor();
  options.codec = "raw";
  options.ttl = std::chrono::hours(1);
  return store.set("a", tensor_value('r'), options);
}

std::vector<StoreOperation> make_operations() {
  return {
      {"set", [](CompressedKvStore& s) { return s.set("a", tensor_value('n'), as_tensor()); }},
      {"set_untyped", [](CompressedKvStore& s) { return s.set("a", tensor_value('u')); }},
      {"set_new", [](CompressedKvStore& s) { return s.set("d", tensor_value('n'), as_tensor()); }},
      {"set_parts", set_parts},
      {"set_with_codec", set_with_codec},
      {"set_if", set_if_unchanged},
      {"batch_set", set_batch},
      {"get", [](CompressedKvStore& s) { return compare(s.get("a"), tensor_value('a')); }},
      {"get_absent", [](CompressedKvStore& s) { return s.get("absent").status(); }},
      {"batch_get", get_batch},
      {"get_into", get_all_into},
      {"get_range", [](CompressedKvStore& s) { return get_part(s, 1000, 500); }},
      {"get_tokens", get_some_tokens},
      {"remove", [](CompressedKvStore& s) { return s.remove("a"); }},
      {"remove_prefix", [](CompressedKvStore& s) { return s.remove_prefix("").status(); }},
      {"exists", [](CompressedKvStore& s) { return s.exists("a").status(); }},
      {"scan", [](CompressedKvStore& s) { return s.scan("").status(); }},
      {"head", read_head},
      {"touch", [](CompressedKvStore& s) { return s.touch("a", std::chrono::hours(1)).status(); }},
      {"inspect", [](CompressedKvStore& s) { return s.inspect("a").status(); }},
      {"recompress", [](CompressedKvStore& s) { return s.recompress("a", "raw").status(); }},
      {"move_frame", move_frame},
      {"flush", [](CompressedKvStore& s) { return s.flush(); }},
      {"stats",
       [](CompressedKvStore& s) {
         (void)s.stats();
         return Status();
       }},
  };
}

}  // namespace

CompressedOptions options_for_operations() {
  CompressedOptions options;
  options.block_bytes = 1024;
  return options;
}

void fill_for_operations(CompressedKvStore& store) {
  for (const char key : {'a', 'b', 'c'}) {
    ASSERT_TRUE(store.set(std::string(1, key), tensor_value(key), as_tensor()).ok());
  }
}

const std::vector<StoreOperation>& store_operations() {
  static const std::vector<StoreOperation> all = make_operations();
  return all;
}

StoreContent content_of(CompressedKvStore& store) {
  StoreContent content;
  const Status status = for_each_key(store, "", [&](const std::string& key) {
    const GetResult value = store.get(key);
    if (!value) return value.error();
    content[key] = *value ? std::string((*value)->text()) : "absent";
    return Status();
  });
  EXPECT_TRUE(status.ok()) << status.to_string();
  return content;
}

}  // namespace cinch::test
