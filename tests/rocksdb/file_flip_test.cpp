// Every byte of every file of a small store is damaged in turn: the store then answers right, or an error, or says that
// it came back short. Each damaged copy is opened in a process of its own, so that an abort counts as one.
//
// CINCH_FLIP_STRIDE=N damages every N-th byte, 1 all of them, but of OPTIONS, which no opening reads, a sixteenth of
// those.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <new>
#include <string_view>

#include "tests/rocksdb/rocksdb_test.hpp"
#include "tests/support/long_run.hpp"

namespace cinch::test {
namespace {

namespace fs = std::filesystem;

using Content = std::map<std::string, std::string>;

enum class Outcome : std::uint8_t { right, refused, told, wrong, silent, aborted };
constexpr std::size_t outcomes = 6;

std::string_view kind_of(const fs::path& file) {
  const std::string name = file.filename().string();
  for (const std::string_view kind : {".log", ".sst", ".blob", "MANIFEST", "OPTIONS", "CURRENT", "IDENTITY"}) {
    if (name.find(kind) != name.npos) return kind;
  }
  return name == "cinch.watermark" ? "cinch.watermark" : "";
}

class FileFlipTest : public RocksDbTest {
 protected:
  FileFlipTest() {
    void* const memory =
        mmap(nullptr, sizeof(std::atomic<Outcome>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    outcome_ = new (memory) std::atomic<Outcome>(Outcome::aborted);
  }
  ~FileFlipTest() override { munmap(outcome_, sizeof(std::atomic<Outcome>)); }

  /// Some keys in tables and blobs, some in the log.
  void make_store() {
    content_ = {{"blob/1", noise(4500)}, {"blob/2", noise(4096)}, {"small/1", noise(100)}, {"small/2", noise(600)}};
    store_in_files(content_);
    const std::shared_ptr<KvStore> store = open();
    for (const auto& [key, value] : Content{{"log/1", noise(300)}, {"log/2", noise(4200)}, {"small/1", noise(90)}}) {
      require(store->set(key, value));
      content_[key] = value;
    }
    require(store->remove("small/2"));
    content_.erase("small/2");
    // As a kill would leave it, or as a close does.
    fs::copy(path(), parent() / "killed");
    require(store->close());
    fs::rename(path(), parent() / "closed");
  }

  static Outcome look(KvStore& store, const Content& content) {
    bool has_error = false;
    bool is_short = false;
    for (const auto& [key, expected] : content) {
      const GetResult value = store.get(key);
      if (!value) {
        has_error = true;
      } else if (!*value) {
        is_short = true;
      } else if ((*value)->text() != expected) {
        if (store.stats().lost_writes == 0 || key != "small/1" || (*value)->text() != noise(100)) return Outcome::wrong;
        is_short = true;  // older: the lost writes set it
      }
    }
    std::size_t keys = 0;
    const auto count = [&](const std::string&) {
      ++keys;
      return Status();
    };
    const bool has_all = for_each_key(store, "", count).ok();
    if (!has_all) has_error = true;
    if (has_all && keys != content.size()) is_short = true;
    if (is_short && store.stats().lost_writes == 0 && has_all) return Outcome::silent;
    if (is_short || has_error) return Outcome::told;
    return Outcome::right;
  }

  Outcome outcome_of_copy() {
    *outcome_ = Outcome::aborted;
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      const Result<std::shared_ptr<KvStore>> store = try_open({{"write_buffer", "1MiB"}});
      *outcome_ = store ? look(**store, content_) : Outcome::refused;
      if (store) (void)(*store)->close();
      _exit(0);
    }
    int ended = 0;
    waitpid(child, &ended, 0);
    return ended == 0 ? outcome_->load() : Outcome::aborted;
  }

  void flip_files_of(const char* left, std::uint64_t stride) {
    std::map<std::string, std::array<std::uint64_t, outcomes>> counts;
    std::mt19937_64 random(20240701);
    for (const auto& entry : fs::directory_iterator(parent() / left)) {
      if (kind_of(entry.path()).empty()) continue;
      const std::string whole = read_file(entry.path());
      const std::uint64_t step = kind_of(entry.path()) == "OPTIONS" ? 16 * stride : stride;
      for (std::size_t at = random() % step; at < whole.size(); at += step) {
        fs::remove_all(path());
        fs::copy(parent() / left, path());
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
        write_file(fs::path(path()) / entry.path().filename(), damaged);
        const Outcome outcome = outcome_of_copy();
        ++counts[std::string(kind_of(entry.path()))][static_cast<std::size_t>(outcome)];
        EXPECT_LT(outcome, Outcome::wrong)
            << left << ": " << entry.path().filename() << ", byte " << at << ": outcome " << static_cast<int>(outcome);
      }
    }
    for (const auto& [kind, of_kind] : counts) {
      std::printf("%s, %s: right %lu, refused %lu, told %lu, wrong %lu, silent %lu, aborted %lu\n", left, kind.c_str(),
                  of_kind[0], of_kind[1], of_kind[2], of_kind[3], of_kind[4], of_kind[5]);
    }
  }

 private:
  Content content_;
  std::atomic<Outcome>* outcome_;
};

TEST_F(FileFlipTest, OfAClosedStoreIsNeverServedAndAlwaysTold) {
  make_store();
  flip_files_of("closed", long_run("CINCH_FLIP_STRIDE", 97));
}

TEST_F(FileFlipTest, OfAKilledStoreIsNeverServedAndAlwaysTold) {
  make_store();
  flip_files_of("killed", long_run("CINCH_FLIP_STRIDE", 97));
}

}  // namespace
}  // namespace cinch::test
