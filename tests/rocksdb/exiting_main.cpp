// A program that ends while it holds an open store: PATH HOLDER THREAD WAY. An empty PATH is a store in memory.
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "cinch/store_config.hpp"
#include "tests/rocksdb/exiting.hpp"

namespace cinch::test {
namespace {

using Store = std::shared_ptr<CompressedKvStore>;

Store held_static;                        // destroyed by exit()
Store* volatile held_for_ever = nullptr;  // never destroyed
std::atomic<bool> has_begun{false};

StoreConfig config_for(const std::string& path) {
  return StoreConfig::from_url(path.empty() ? "memory:" : "rocksdb:" + path).value();
}

Store open(const std::string& path) {
  Result<Store> store = open_store(config_for(path));
  if (!store) std::abort();
  return *store;
}

void work_for_ever(const Store& store) {
  const std::string value(5000, 'w');
  for (;;) {
    (void)store->set("by the thread", value);
    (void)store->get("by the thread");
    has_begun = true;
  }
}

void open_for_ever(const std::string& path) {
  const StoreConfig config = config_for(path);
  for (;;) {
    (void)open_store(config);
    has_begun = true;
  }
}

int run(const std::string& path, std::string_view holder, std::string_view thread, std::string_view way) {
  Store store = open(path);
  for (int n = 0; n < exiting_values; ++n) {
    if (!store->set(exiting_key(n), exiting_value(n)).ok()) std::abort();
  }
  if (thread == "working") std::thread([store] { work_for_ever(store); }).detach();
  if (thread == "opening")
    std::thread([other = path.empty() ? "" : path + ".other"] { open_for_ever(other); }).detach();
  while (thread != "none" && !has_begun) std::this_thread::yield();
  if (holder == "static") held_static = std::move(store);
  if (holder == "leaked") held_for_ever = new Store(std::move(store));
  if (way == "exit") std::exit(exiting_code);
  if (way == "_exit") _exit(exiting_code);
  if (way == "quick_exit") std::quick_exit(exiting_code);
  return exiting_code;
}

}  // namespace
}  // namespace cinch::test

int main(int, char** arguments) {
  alarm(60);  // a hang ends with a signal
  return cinch::test::run(arguments[1], arguments[2], arguments[3], arguments[4]);
}
