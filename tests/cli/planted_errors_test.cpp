// verify finds a thousand planted errors, one in every second value, and no others: in one run, and in runs that are
// interrupted and resumed.
#include <random>
#include <set>

#include "cinch/store_config.hpp"
#include "tests/cli/run_cinch.hpp"
#include "tests/support/payloads.hpp"
#include "tests/support/require.hpp"

namespace cinch::test {
namespace {

constexpr int values = 2000;

class PlantedErrorsTest : public CliTest {
 protected:
  PlantedErrorsTest() {
    Result<StoreConfig> config = StoreConfig::from_url(url);
    config->compressed.rules.resize(2);
    config->compressed.rules[0].match = "*0";
    config->compressed.rules[0].codec = "raw";
    config->compressed.rules[1].match = "*[1-4]";
    config->compressed.rules[1].codec = "zstd";
    const auto filled = open_store(*config);
    require(filled.status());
    for (int i = 0; i < values; ++i) {
      const auto size = static_cast<std::size_t>(random_() % 9000);
      const auto bytes = make_payload(PayloadKind::json, size, static_cast<std::uint64_t>(i));
      require((*filled)->set(key(i), ByteView(bytes)));
    }
    for (int i = 0; i < values; i += 2) plant(*(*filled)->inner(), key(i));
    require((*filled)->close());
  }

  static std::string key(int i) { return "k" + std::to_string(i); }

  /// Flips one bit, anywhere in what is stored.
  void plant(KvStore& inner, const std::string& key) {
    const GetResult frame = inner.get(key);
    if (!frame || !*frame) throw std::runtime_error(key);
    std::string bytes((*frame)->text());
    char& byte = bytes[random_() % bytes.size()];
    byte = static_cast<char>(byte ^ (1 << random_() % 8));
    require(inner.set(key, bytes));
  }

  static std::set<std::string> planted() {
    std::set<std::string> keys;
    for (int i = 0; i < values; i += 2) keys.insert(key(i));
    return keys;
  }

 private:
  std::mt19937_64 random_{14};
};

TEST_F(PlantedErrorsTest, AreAllFoundAndNothingElseIs) {
  for (const Args& command : {Args{"verify", "--json"}, Args{"verify", "--shallow", "--json"}}) {
    const Outcome run = cinch(command);
    EXPECT_EQ(run.status, 3);
    const Json found = run.json();
    EXPECT_EQ(found["values"], values);
    EXPECT_EQ(found["ok"], values / 2);
    EXPECT_EQ(found["corrupt"].get<std::set<std::string>>(), planted());
    EXPECT_EQ(found["corrupt"].size(), planted().size());
  }
}

TEST_F(PlantedErrorsTest, AreAllFoundInPartsToo) {
  std::vector<std::string> corrupt;
  int seen = 0, parts = 0;
  double seconds = 0.5;
  for (Json part = {{"next", ""}}; !part["next"].is_null(); ++parts) {
    const Outcome run =
        interrupted_after(seconds, {"--store", url, "verify", "--json", "--rate", "3MiB", "--from", part["next"]});
    if (run.out.empty()) {  // interrupted before it began
      seconds *= 2;
      continue;
    }
    part = run.json();
    seen += part["values"].get<int>();
    for (const auto& key : part["corrupt"]) corrupt.push_back(key);
  }
  EXPECT_GT(parts, 1);
  EXPECT_EQ(seen, values);
  EXPECT_EQ(corrupt.size(), planted().size());
  EXPECT_EQ(std::set<std::string>(corrupt.begin(), corrupt.end()), planted());
}

}  // namespace
}  // namespace cinch::test
