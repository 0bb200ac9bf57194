// cinch(1) and --json: each field that a command prints stands on the page, and each that stands there is printed.
#include <map>
#include <set>
#include <sstream>

#include "cinch/store_config.hpp"
#include "tests/cli/safetensors_file.hpp"

namespace cinch::test {
namespace {

using Names = std::set<std::string>;

const std::string several = "In several commands";

/// What the page says of a command or of several: the line that names them, and their fields.
struct Group {
  std::string heading;
  Names fields;

  /// What the line says of a command: its name, maybe that it prints an array; nothing when it does not name it.
  std::string part_of(const std::string& command) const {
    std::istringstream commands(heading);
    for (std::string part; std::getline(commands, part, ',');) {
      part = part.substr(part.find_first_not_of(' '));
      if (part == command || part == command + ":" || part.starts_with(command + " (")) return part;
    }
    return {};
  }
};

/// The section JSON of the page, as it is read.
std::string section() {
  std::string page = read_file(CINCH_BUILD_DIR "/share/man/man1/cinch.1");
  page = page.substr(page.find(".SH JSON\n"));
  page = page.substr(0, page.find(".SH NOTES\n"));
  for (std::size_t at = 0; (at = page.find("\\-", at)) != std::string::npos;) page.replace(at, 2, "-");
  return page;
}

std::vector<Group> groups_of_page() {
  std::vector<Group> groups;
  std::istringstream lines(section());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == 0 && (line.ends_with(':') || line.ends_with(')'))) groups.push_back({line, {}});
    if ((begin != 2 && begin != 4) || groups.empty()) continue;
    std::istringstream names(line.substr(begin, line.find("  ", begin) - begin));
    for (std::string name; names >> name;) {
      if (name.ends_with(',')) name.pop_back();
      groups.back().fields.insert(name);
    }
  }
  return groups;
}

/// All names of fields in a document. Below "formats" of stat they are those of formats.
void collect(const Json& json, Names& names) {
  for (const auto& [name, field] : json.items()) {
    if (json.is_object()) names.insert(name);
    if (json.is_object() && name == "formats" && field.is_object()) {
      for (const Json& format : field) collect(format, names);
    } else if (field.is_structured()) {
      collect(field, names);
    }
  }
}

class JsonFieldsTest : public CliTest {
 protected:
  Group group_of(const std::string& command) const {
    for (const Group& group : groups_) {
      if (!group.part_of(command).empty()) return group;
    }
    ADD_FAILURE() << "the page has nothing of " << command;
    return {};
  }

  /// Compares what a command printed with what the page says of `command`.
  void check(const std::string& command, const Outcome& run) {
    const Json json = run.json();
    const Group group = group_of(command);
    EXPECT_EQ(json.is_array(), group.part_of(command).find("(an array") != std::string::npos) << command;
    EXPECT_TRUE(json.is_array() || json.is_object()) << command;
    Names names;
    collect(json, names);
    for (const std::string& name : names) {
      const bool is_own = group.fields.contains(name);
      EXPECT_TRUE(is_own || group_of(several).fields.contains(name)) << command << " prints " << name;
      printed_[is_own ? group.heading : several + ":"].insert(name);
    }
  }

  void check(const std::string& command, Args arguments, const std::string& in = {}) {
    arguments.emplace_back("--json");
    check(command, cinch(std::move(arguments), in));
  }

  void check_bare(const std::string& command, Args arguments) {
    arguments.emplace_back("--json");
    check(command, bare(arguments));
  }

  const std::vector<Group> groups_ = groups_of_page();
  std::map<std::string, Names> printed_;
};

TEST_F(JsonFieldsTest, ThePageHasWhatIsPrintedAndNothingElse) {
  const Args lossy = {"--plugins", codecs_dir, "--rule", "lossy/*=test.lossy"};
  const std::string file = save_safetensors(
      dir.file("in"), R"({"t":{"dtype":"BF16","shape":[100,1,5],"data_offsets":[0,1000]}})", std::string(1000, 'x'));
  const auto with_lossy = [&lossy](Args arguments) {
    arguments.insert(arguments.end(), lossy.begin(), lossy.end());
    return arguments;
  };
  check("put", {"put", "a"}, std::string(5000, 'a'));
  check("put", with_lossy({"put", "lossy/b", "--dtype", "bf16", "--shape", "0,1,50"}), std::string(20000, 'x'));
  check("import", with_lossy({"import", file, "--prefix", "lossy/"}));
  check("export", {"export", "out", "--prefix", "lossy/", "--plugins", lossy[1]});
  check("get", {"get", "a"});
  check("get", {"get", "a", "-o", "out"});
  check("exists", {"exists", "a"});
  check("ls without --long", {"ls"});
  {
    const auto opened = open_store(*StoreConfig::from_url(url));
    ASSERT_TRUE(opened) << opened.status().to_string();
    SetOptions hour;
    hour.ttl = std::chrono::hours(1);
    ASSERT_TRUE((*opened)->set("expires", "v", hour).ok());
    const std::string keys(64 * 64 * 2 * 4, 'k');
    SetOptions tensor;
    tensor.codec = "tensor";
    tensor.tensor = *make_tensor(Dtype::bf16, std::vector<std::uint64_t>{64, 4, 64});
    ASSERT_TRUE((*opened)->set("tensor", keys, tensor).ok());
  }
  check("ls --long", {"ls", "--long"});
  check("stat KEY", {"stat", "lossy/b"});
  check("stat", {"stat"});
  check("stat", {"stat", "--long"});
  check("verify", {"verify"});
  check("recompress", {"recompress", "--codec", "zstd", "a"});
  check("copy", {"copy", "--to", "rocksdb:other"});
  check("backup", {"backup", "backup"});
  check_bare("restore", {"--store", "rocksdb:restored", "restore", "backup"});
  check("del", {"del", "a"});
  write_file(dir.file("c.toml"), "[store]\nbackend = \"memory\"\n");
  check_bare("config check", {"config", "check", "c.toml"});
  check_bare("codec list", {"codec", "list"});
  check_bare("plugin list", {"plugin", "list"});
  check_bare("bench", {"bench", "--input", file, "--codec", "lz4", "--seconds", "0.01"});
  check_bare("demo", {"demo", file, "--codec", "lz4"});
  for (const Group& group : groups_) {
    EXPECT_THAT(group.fields, testing::ContainerEq(printed_[group.heading])) << group.heading;
  }
}

}  // namespace
}  // namespace cinch::test
