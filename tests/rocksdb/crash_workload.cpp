#include "tests/rocksdb/crash_workload.hpp"

#include <algorithm>
#include <array>

namespace cinch::test {
namespace {

constexpr std::uint64_t single_keys = 48;
constexpr std::uint64_t groups = 4;
constexpr unsigned keys_of_group = 8;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9e3779b97f4a7c15u + b;  // splitmix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0;
  for (const char c : text) hash = mixed(hash, static_cast<unsigned char>(c));
  return hash;
}

}  // namespace

std::string crash_prefix(unsigned writer) { return "w" + std::to_string(writer) + "/"; }

CrashOperation crash_operation(unsigned writer, std::uint64_t n) {
  const std::uint64_t random = mixed(writer + 1, n);
  const std::string prefix = crash_prefix(writer);
  const std::string key = prefix + std::to_string(random / 16 % single_keys);
  if (random % 16 < 10) return {CrashOperation::Kind::set, {key}};
  if (random % 16 < 13) return {CrashOperation::Kind::remove, {key}};
  CrashOperation batch{CrashOperation::Kind::batch, {}};
  for (unsigned i = 0; i < keys_of_group; ++i) {
    batch.keys.push_back(prefix + "group" + std::to_string(random / 16 % groups) + "/" + std::to_string(i));
  }
  return batch;
}

/// One key of each writer has 1 to 8 MiB, all others have 100 B, 4 KiB or 64 KiB, up to an eighth less. Noise in which
/// each eight bytes come twice, so that it compresses.
std::string crash_value(std::string_view key, std::uint64_t n) {
  constexpr std::array<std::uint64_t, 3> usual_bytes{100, 4096, 65536};
  std::uint64_t random = mixed(hash_of(key), n);
  std::uint64_t bytes = usual_bytes[random % usual_bytes.size()];
  if (key.ends_with("/0") && key.find("group") == key.npos) bytes = (1 + mixed(random, 2) % 8) << 20;
  std::string value(bytes - mixed(random, 1) % (bytes / 8), '\0');
  for (std::size_t at = 0; at < value.size(); at += sizeof random) {
    if (at % 16 == 0) random = mixed(random, at);
    value.replace(at, std::min(sizeof random, value.size() - at), reinterpret_cast<const char*>(&random),
                  std::min(sizeof random, value.size() - at));
  }
  return value;
}

Status run_crash_operation(KvStore& store, unsigned writer, std::uint64_t n) {
  const CrashOperation operation = crash_operation(writer, n);
  const std::string& key = operation.keys.front();
  if (operation.kind == CrashOperation::Kind::remove) return store.remove(key);
  if (operation.kind == CrashOperation::Kind::set) return store.set(key, crash_value(key, n));
  std::vector<std::string> values;
  for (const std::string& each : operation.keys) values.push_back(crash_value(each, n));
  std::vector<SetItem> items;
  for (std::size_t i = 0; i < values.size(); ++i) items.push_back({operation.keys[i], values[i], {}});
  return store.batch_set(items);
}

void CrashModel::apply_next() {
  const CrashOperation operation = crash_operation(writer_, operations_);
  for (const std::string& key : operation.keys) {
    if (operation.kind == CrashOperation::Kind::remove) {
      keys_.erase(key);
    } else {
      keys_[key] = operations_;
    }
  }
  ++operations_;
}

Result<std::map<std::string, std::string>> read_content(KvStore& store, unsigned writer) {
  std::map<std::string, std::string> content;
  const Status status = for_each_key(store, crash_prefix(writer), [&](const std::string& key) -> Status {
    const GetResult value = store.get(key);
    if (!value) return value.error();
    if (!*value) return {StatusCode::corruption, "scan gives " + key + ", get does not"};
    content[key] = (*value)->text();
    return {};
  });
  if (!status.ok()) return status;
  return content;
}

bool matches(const std::map<std::string, std::string>& content, const CrashModel& model, std::string& why) {
  for (const auto& [key, n] : model.keys()) {
    const auto found = content.find(key);
    if (found == content.end()) {
      why = key + ", set by operation " + std::to_string(n) + ", is lost";
      return false;
    }
    if (found->second != crash_value(key, n)) {
      why = key + " has other bytes than operation " + std::to_string(n) + " set";
      return false;
    }
  }
  for (const auto& [key, value] : content) {
    if (model.keys().count(key) != 0) continue;
    why = key + " is there and should not be";
    return false;
  }
  return true;
}

}  // namespace cinch::test
