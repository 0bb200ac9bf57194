// The program with its n-th file operation or allocation failing, once and for ever: it ends with a clear line and a
// status, and the store and the files that it writes are as before or as after.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <sstream>

#include "cinch/store_config.hpp"
#include "tests/cli/safetensors_file.hpp"
#include "tests/support/long_run.hpp"

namespace cinch::test {
namespace {

namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int share = 3;  // of the runs: programs start slowly
#else
constexpr int share = 1;
#endif

using Content = std::map<std::string, std::string>;

constexpr std::string_view header =
    R"({"t":{"dtype":"BF16","shape":[500,2],"data_offsets":[0,2000]},"u":{"dtype":"U8","shape":[500],"data_offsets":[2000,2500]}})";

struct Command {
  std::string name;
  Args arguments;
  std::string in = {};
};

std::ostream& operator<<(std::ostream& out, const Command& command) { return out << command.name; }

class FailingToolTest : public CliTest, public ::testing::WithParamInterface<Command> {
 protected:
  void SetUp() override {
    // What every run finds: a store, a file to import, one to be replaced, a config.
    fs::create_directory(dir.file("template"));
    const std::string made = dir.file("template/store");
    {
      const auto opened = open_store(*StoreConfig::from_url("rocksdb:" + made));
      ASSERT_TRUE(opened) << opened.status().to_string();
      for (const char* key : {"a", "b", "old/t", "old/u"}) ASSERT_TRUE((*opened)->set(key, value(key)).ok());
      const std::uint64_t dims[] = {500, 2};
      const TensorShape shape = *make_tensor(Dtype::bf16, dims);
      ASSERT_TRUE((*opened)->set("typed/t", std::string(2000, 't'), {.tensor = shape}).ok());
      ASSERT_TRUE((*opened)->close().ok());
    }
    save_safetensors(dir.file("template/file"), std::string(header), std::string(2500, 'd'));
    write_file(dir.file("template/out"), "what was there before");
    write_file(dir.file("template/config"), config_for(work() + "/store"));
  }

  static std::string value(const std::string& key) { return key + std::string(5000, key[0]); }
  std::string work() const { return dir.file("work"); }

  void start_anew() const {
    fs::remove_all(work());
    fs::copy(dir.file("template"), work(), fs::copy_options::recursive);
  }

  /// Runs with a fault; `met` tells whether it came to it.
  Outcome run(const std::string& fault, bool& met) const {
    const std::string flag = dir.file("flag");
    write_file(flag, "");
    RunOptions options;
    options.program = CINCH_BUILD_DIR "/tests/cinch_failing_tool";
    options.directory = work();
    options.in = GetParam().in;
    options.environment = {"CINCH_FAULT=" + fault, "CINCH_FAULT_MET=" + flag};
    Outcome outcome = run_cinch(GetParam().arguments, options);
    met = !fs::exists(flag) || outcome.status > 5;
    return outcome;
  }

  /// All values of a store; nothing when there is none. That it opens and every value can be read is part of the test.
  static Content content_of(const std::string& path) {
    Content content;
    if (!fs::exists(path)) return content;
    const auto opened = open_store(*StoreConfig::from_url("rocksdb:" + path));
    EXPECT_TRUE(opened) << opened.status().to_string();
    if (!opened) return content;
    const Status status = for_each_key(**opened, "", [&](const std::string& key) {
      const GetResult found = (*opened)->get(key);
      EXPECT_TRUE(found && *found) << key << ": " << found.status().to_string();
      if (found && *found) content[key] = (*found)->text();
      return Status();
    });
    EXPECT_TRUE(status.ok()) << status.to_string();
    return content;
  }

  /// What stands beside the store: files by name, and, as one line, that a directory is there.
  Content files() const {
    Content content;
    for (const auto& entry : fs::directory_iterator(work())) {
      const std::string name = entry.path().filename().string();
      if (name == "store") continue;
      content[name] = entry.is_directory() ? "a directory" : read_file(entry.path().string());
    }
    return content;
  }

  /// Without what says, in the place of a file's header, that an import did not come to its end.
  static Content without_marks(Content content) {
    std::erase_if(content, [](const auto& item) { return item.second.starts_with("unfinished import of "); });
    return content;
  }

  void expect_old_or_new(const Content& found, const Content& before, const Content& after, bool may_have_more) const {
    for (const auto& [name, bytes] : found) {
      const auto old = before.find(name), fresh = after.find(name);
      const bool known = old != before.end() || fresh != after.end();
      EXPECT_TRUE((!known && may_have_more) || (old != before.end() && old->second == bytes) ||
                  (fresh != after.end() && fresh->second == bytes))
          << name << " is neither as before nor as after";
    }
    for (const auto& [name, bytes] : before) {
      EXPECT_TRUE(found.contains(name) || !after.contains(name)) << name << " is gone";
    }
  }

  /// Whether an assertion of Debian's RocksDB ended the process that only another build of it avoids
  /// (backends/README.md); what is on the disk must be right all the same.
  static bool was_ended_by_rocksdb(const Outcome& outcome) {
    constexpr const char* known[] = {"Assertion `sync_without_flush_called_' failed", "Assertion `last_ref' failed"};
    return outcome.status == 128 + SIGABRT &&
           std::ranges::any_of(known, [&](const char* text) { return outcome.err.find(text) != std::string::npos; });
  }

  static void expect_clear(const Outcome& outcome) {
    EXPECT_TRUE(outcome.status == 0 || (outcome.status >= 2 && outcome.status <= 5))
        << outcome.status << ": " << outcome.err;
    if (outcome.status == 0) return;
    EXPECT_THAT(outcome.err, ::testing::StartsWith("cinch: "));
    EXPECT_THAT(outcome.err, ::testing::EndsWith("\n"));
  }

  /// What was printed is what is printed when nothing fails. A plugin for which there was no memory is refused, and the
  /// list of codecs goes on without it.
  static void expect_answer(const std::string& found, const std::string& expected) {
    if (GetParam().name != "codec_list") {
      EXPECT_EQ(found, expected);
      return;
    }
    const std::vector<std::string> formats = first_words(found), all = first_words(expected);
    EXPECT_TRUE(std::ranges::includes(all, formats)) << found;
    EXPECT_TRUE(std::ranges::binary_search(formats, "raw")) << found;
  }

  static std::vector<std::string> first_words(const std::string& text) {
    std::istringstream lines(text);
    std::vector<std::string> words;
    for (std::string line; std::getline(lines, line);) words.push_back(line.substr(0, line.find(' ')));
    std::ranges::sort(words);
    return words;
  }

  /// Every so many-eth operation is made to fail; in the long form, each.
  void sweep(const std::string& kind, std::initializer_list<int> errors, int runs);
};

void FailingToolTest::sweep(const std::string& kind, std::initializer_list<int> errors, int runs) {
  start_anew();
  const Content before = content_of(work() + "/store"), files_before = files();
  start_anew();
  bool met = false;
  const Outcome unhindered = run(kind + ":1000000:5:once", met);
  ASSERT_EQ(unhindered.status, 0) << unhindered.err;
  ASSERT_FALSE(met);
  const Content after = content_of(work() + "/store"), files_after = files();
  const bool writes = after != before;
  int low = 0, high = 1;  // the number of operations, by halving
  for (bool more = true; more; high = more ? 2 * high : high) {
    start_anew();
    run(kind + ":" + std::to_string(high) + ":5:once", more);
  }
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    start_anew();
    run(kind + ":" + std::to_string(middle) + ":5:once", met);
    (met ? low : high) = middle;
  }
  const int step = is_long_run() ? 1 : std::max(1, high * share / runs);
  int failures = 0, aborts = 0;
  for (const bool for_ever : {false, true}) {
    for (int n = 0; n < high; n += step) {
      const int error = errors.begin()[static_cast<std::size_t>(n / step) % errors.size()];
      const std::string fault =
          kind + ":" + std::to_string(n) + ":" + std::to_string(error) + (for_ever ? ":ever" : ":once");
      SCOPED_TRACE(fault);
      start_anew();
      const Outcome outcome = run(fault, met);
      failures += met ? 1 : 0;
      if (was_ended_by_rocksdb(outcome)) {
        ++aborts;
      } else {
        expect_clear(outcome);
      }
      if (outcome.status == 0) {
        expect_answer(outcome.out, unhindered.out);
        EXPECT_EQ(writes ? content_of(work() + "/store") : after, after);
      } else if (writes) {
        expect_old_or_new(without_marks(content_of(work() + "/store")), before, after, false);
      }
      expect_old_or_new(files(), files_before, files_after, for_ever);
      if (HasFailure()) {
        std::printf("%s: %d %s\n", fault.c_str(), outcome.status, outcome.err.c_str());
        return;
      }
    }
  }
  std::printf("%s: %d operations, %d runs met a fault, %d of them an assertion of RocksDB\n", GetParam().name.c_str(),
              high, failures, aborts);
}

class FailingFilesTest : public FailingToolTest {};

TEST_P(FailingFilesTest, NothingIsLeftHalfDone) { sweep("file", {EIO, ENOSPC, EDQUOT, EMFILE, EROFS, 0}, 12); }

INSTANTIATE_TEST_SUITE_P(
    Each, FailingFilesTest,
    ::testing::Values(Command{"put", {"--store", "rocksdb:store", "put", "a"}, std::string(7000, 'n')},
                      Command{"get", {"--store", "rocksdb:store", "get", "a", "-o", "out"}},
                      Command{"del", {"--store", "rocksdb:store", "del", "a"}},
                      Command{"ls", {"--store", "rocksdb:store", "ls"}},
                      Command{"verify", {"--store", "rocksdb:store", "verify", "--json"}},
                      Command{"import", {"--store", "rocksdb:store", "import", "file", "--prefix", "new/", "--quiet"}},
                      Command{"export", {"--store", "rocksdb:store", "export", "out", "--prefix", "typed/", "--quiet"}},
                      Command{"recompress", {"--store", "rocksdb:store", "recompress", "--codec", "zstd", "--quiet"}},
                      Command{"copy", {"--store", "rocksdb:store", "copy", "--to", "rocksdb:copied", "--quiet"}},
                      Command{"backup", {"--store", "rocksdb:store", "backup", "backed", "--quiet"}},
                      Command{"config_check", {"config", "check", "config"}}),
    [](const auto& test) { return test.param.name; });

class FailingMemoryTest : public FailingToolTest {};

TEST_P(FailingMemoryTest, NothingIsLeftHalfDone) { sweep("memory", {0}, 40); }

INSTANTIATE_TEST_SUITE_P(
    Each, FailingMemoryTest,
    ::testing::Values(Command{"put", {"--store", "memory:", "put", "a", "--json"}, std::string(7000, 'n')},
                      Command{"import", {"--store", "memory:", "import", "file", "--prefix", "new/", "--quiet"}},
                      Command{"ls", {"--store", "memory:", "ls"}},
                      Command{"copy", {"--store", "memory:", "copy", "--to", "memory:", "--quiet"}},
                      Command{"config_check", {"config", "check", "config"}}, Command{"codec_list", {"codec", "list"}}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace cinch::test
