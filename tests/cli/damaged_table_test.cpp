// Damage to the table that holds the keys: what lies before it is still told, and --from gets behind it.
#include <algorithm>

#include "cinch/backend_registry.hpp"
#include "tests/cli/safetensors_file.hpp"

namespace cinch::test {
namespace {

using testing::HasSubstr;

class DamagedTableTest : public CliTest {
 protected:
  static constexpr int count = 6000;
  static constexpr int page = 4095;  // that many are listed at a time, after the header of the file

  static std::string name(int i) { return "t" + std::to_string(10'000 + i); }

  /// Keys in several blocks of a table, of which one behind the first page does not verify.
  DamagedTableTest() {
    std::string header = "{";
    for (int i = 0; i < count; ++i) {
      header += (i ? ",\"" : "\"") + name(i) + R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" + std::to_string(i) +
                "," + std::to_string(i + 1) + "]}";
    }
    const std::string file = save_safetensors(dir.file("many"), header + "}", std::string(count, 'v'));
    EXPECT_EQ(cinch({"import", file}).status, 0);
    EXPECT_EQ(cinch({"backup", dir.file("backup")}).status, 0);  // writes the table
    namespace fs = std::filesystem;
    fs::path largest;
    for (const fs::directory_entry& entry : fs::directory_iterator(store)) {
      if (entry.path().extension() != ".sst") continue;
      if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
    }
    std::string bytes = read_file(largest);
    bytes[bytes.size() * 4 / 5] ^= 1;
    write_file(largest, bytes);
  }

  /// What cannot be read by its name either.
  std::vector<std::string> unreadable_keys() const {
    Settings settings;
    settings.set("path", store);
    settings.set("read_only", true);
    const auto opened = bundled_backends().open("rocksdb", settings);
    EXPECT_TRUE(opened) << opened.status().to_string();
    std::vector<std::string> keys;
    for (int i = 0; i < count; ++i) {
      if (!(*opened)->exists(name(i))) keys.push_back(name(i));
    }
    return keys;
  }

  /// Tells of the damage and of the last key before it, of so many.
  static void expect_damage(const Outcome& run, int keys) {
    EXPECT_EQ(run.status, 3) << run.err;
    EXPECT_GE(keys, page);
    EXPECT_LT(keys, count);
    EXPECT_THAT(run.err, HasSubstr("orruption"));
    EXPECT_THAT(run.err, HasSubstr("key \"" + name(keys - 1) + '"'));
  }
};

TEST_F(DamagedTableTest, VerifyReportsWhatLiesBeforeTheDamage) {
  const Outcome run = cinch({"verify", "--json"});
  const Json report = run.json();
  expect_damage(run, report["values"]);
  EXPECT_EQ(report["ok"], report["values"]);
  EXPECT_THAT(report["error"].get<std::string>(), HasSubstr("orruption"));
  EXPECT_EQ(report["next"], nullptr);
  EXPECT_THAT(cinch({"verify"}).out, testing::StartsWith("values"));
}

TEST_F(DamagedTableTest, ListingsShowWhatLiesBeforeTheDamage) {
  const Outcome ls = cinch({"ls"});
  expect_damage(ls, static_cast<int>(std::ranges::count(ls.out, '\n')));
  const Outcome in_json = cinch({"ls", "--long", "--json"});
  expect_damage(in_json, static_cast<int>(in_json.json().size()));
  const Outcome stat = cinch({"stat", "--json"});
  expect_damage(stat, stat.json()["values"]);
}

TEST_F(DamagedTableTest, CopyTakesWhatLiesBeforeTheDamageAndFromAKeyBehindIt) {
  const std::string other = "rocksdb:" + dir.file("other");
  const Outcome before = cinch({"copy", "--to", other, "--json"});
  expect_damage(before, before.json()["copied"]);
  EXPECT_THAT(before.json()["error"].get<std::string>(), HasSubstr("orruption"));
  const Outcome behind = cinch({"copy", "--to", other, "--from", "t15900", "--json"});
  EXPECT_EQ(behind.status, 0) << behind.err;
  EXPECT_EQ(behind.json()["copied"], 100);
  EXPECT_EQ(behind.json()["error"], nullptr);
}

TEST_F(DamagedTableTest, RecompressDoesToo) {
  const Args recompress = {"recompress", "--codec", "zstd", "--json"};
  const Outcome before = cinch(recompress);
  expect_damage(before, before.json()["values"]);
  Args behind = recompress;
  behind.insert(behind.end(), {"--from", "t15900"});
  EXPECT_EQ(cinch(behind).json()["values"], 100);
}

TEST_F(DamagedTableTest, LsAndVerifyBeginBehindTheDamageWhenTold) {
  const Outcome ls = cinch({"ls", "--from", "t15998"});
  EXPECT_EQ(ls.status, 0) << ls.err;
  EXPECT_EQ(ls.out, "t15998\nt15999\n");
  EXPECT_EQ(cinch({"verify", "--from", "t15900", "--json"}).json()["ok"], 100);
}

TEST_F(DamagedTableTest, DelOfAPrefixRemovesAndCountsWhatLiesBeforeTheDamage) {
  const Outcome run = cinch({"del", "--prefix", "t1", "--json"});
  expect_damage(run, run.json()["removed"]);
  EXPECT_EQ(cinch({"ls"}).out, "");
}

TEST_F(DamagedTableTest, AKeyThatCannotBeReadIsRemovedAndHoldsUpNoOther) {
  const std::vector<std::string> damaged = unreadable_keys();
  ASSERT_FALSE(damaged.empty());
  const Outcome run = cinch({"del", name(0), damaged.front(), "nowhere", name(1), "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["removed"], 3);
  EXPECT_EQ(cinch({"exists", damaged.front()}).status, 1);
  EXPECT_EQ(cinch({"exists", name(1)}).status, 1);
}

TEST_F(DamagedTableTest, AnErrorNamesItsKeyOnce) {
  const std::vector<std::string> damaged = unreadable_keys();
  ASSERT_FALSE(damaged.empty());
  const Outcome run = cinch({"get", damaged.front()});
  expect_error(run, 3, "key \"" + damaged.front() + '"');
  EXPECT_EQ(run.err.find(damaged.front()), run.err.rfind(damaged.front())) << run.err;
}

}  // namespace
}  // namespace cinch::test
