#include "cinch/plugin_loader.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "cinch/codec_plugin.h"
#include "cinch/log.hpp"
#include "tests/plugins/test_plugins.hpp"
#include "tests/support/temp_dir.hpp"

namespace cinch::test {
namespace {

using ::testing::HasSubstr;

/// Loads one file into a registry of its own.
PluginReport load(const std::string& path) {
  CodecRegistry registry;
  return PluginLoader(registry).load_file(path);
}

/// A copy of the valid plugin whose bytes were changed, in a directory of its own.
class PatchedPlugin {
 public:
  PatchedPlugin() : bytes_(read_file(test_plugin("codecs", "valid"))) {}

  Elf64_Ehdr& header() { return *reinterpret_cast<Elf64_Ehdr*>(bytes_.data()); }
  Elf64_Shdr& section(std::string_view name) {
    auto* sections = reinterpret_cast<Elf64_Shdr*>(bytes_.data() + header().e_shoff);
    const char* names = bytes_.data() + sections[header().e_shstrndx].sh_offset;
    std::size_t i = 0;
    while (name != names + sections[i].sh_name) ++i;
    return sections[i];
  }
  Elf64_Sym& symbol(std::string_view name) {
    auto* symbols = reinterpret_cast<Elf64_Sym*>(bytes_.data() + section(".dynsym").sh_offset);
    const char* names = bytes_.data() + section(".dynstr").sh_offset;
    std::size_t i = 0;
    while (name != names + symbols[i].st_name) ++i;
    return symbols[i];
  }
  std::string& bytes() { return bytes_; }

  PluginReport load_it() const {
    const std::string path = dir_.file("patched.cinch.so");
    write_file(path, bytes_);
    return load(path);
  }

 private:
  TempDir dir_;
  std::string bytes_;
};

TEST(PluginLoaderTest, LoadsAValidPluginAndReportsWhatItProvides) {
  const PluginReport report = load(test_plugin("codecs", "valid"));
  EXPECT_EQ(report.refusal, "") << report.message;
  EXPECT_EQ(report.plugin_id, "test.valid");
  EXPECT_EQ(report.version, "1.0.0");
  ASSERT_EQ(report.providers.size(), 1u);
  EXPECT_EQ(report.providers[0].format, "test.valid");
  EXPECT_EQ(report.providers[0].origin, report.path);
  EXPECT_TRUE(report.providers[0].traits.encodes);
  EXPECT_FALSE(report.providers[0].traits.lossy);
}

TEST(PluginLoaderTest, LoadsOneWithTheShorterTableOfAnEarlierHeader) {
  CodecRegistry registry;
  const PluginReport report = PluginLoader(registry).load_file(test_plugin("older", "older"));
  EXPECT_EQ(report.refusal, "") << report.message;
  const auto codec = codec_of(registry, "test.older");
  ASSERT_NE(codec, nullptr);
  EXPECT_EQ(codec->traits().block_bytes, 0u);
}

TEST(PluginLoaderTest, ALengthOfBlocksThatACodecAsksForIsKeptWithinReason) {
  EXPECT_EQ(codec_of(default_registry(), "zstd")->traits().block_bytes, 512u << 10);
  EXPECT_EQ(codec_of(registry_with("codecs"), "test.lossy")->traits().block_bytes, 64u << 10);
}

/// What one of the good test plugins says of its codec.
ProviderInfo codec_info(const std::string& format) {
  const std::vector<ProviderInfo> all = registry_with("codecs").providers();
  return *std::ranges::find(all, format, &ProviderInfo::format);
}

TEST(PluginLoaderTest, ACodecThatCannotTellItsCodePathHasNone) {
  EXPECT_EQ(codec_info("test.lossy").target, "scalar");
  EXPECT_EQ(codec_info("test.xor").target, "");
}

TEST(PluginLoaderTest, LoadsTheSameFileIntoASecondRegistry) {
  EXPECT_EQ(load(test_plugin("codecs", "valid")).refusal, "");
  EXPECT_EQ(load(test_plugin("codecs", "valid")).refusal, "");
}

TEST(PluginLoaderTest, LoadsTheSameFileTwiceIntoOneRegistry) {
  CodecRegistry registry;
  PluginLoader loader(registry);
  EXPECT_EQ(loader.load_file(test_plugin("codecs", "valid")).refusal, "");
  EXPECT_EQ(loader.load_file(test_plugin("codecs", "valid")).refusal, "");
  EXPECT_EQ(registry.providers().size(), 2u);
}

TEST(PluginLoaderTest, FindsTheBundledCodecs) {
  const CodecRegistry registry = default_registry();
  for (const std::string& name : bundled_codecs()) EXPECT_NE(codec_of(registry, name), nullptr);
}

TEST(PluginLoaderTest, TheExampleOfTheGuideWorks) {
  CodecRegistry registry;  // the bundled codecs may have it, too
  PluginLoader(registry).load_file(test_plugin("guide", "runs"));
  const auto codec = codec_of(registry, "com.example.runs");
  ASSERT_NE(codec, nullptr);
  const std::vector<std::byte> run(1000, std::byte{7});
  const auto encoded = encode(*codec, run);
  ASSERT_TRUE(encoded.has_value());
  EXPECT_EQ(encoded->size(), 1u);
  std::vector<std::byte> back(run.size());
  EXPECT_TRUE(codec->decompress({}, nullptr, *encoded, back).ok());
  EXPECT_EQ(back, run);
  EXPECT_FALSE(encode(*codec, as_bytes("no run")).has_value());
}

struct Refusal {
  std::string name;
  std::string refusal;
  std::string says;
  bool may_run = false;  // the code of the file, before it is refused
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class BrokenPluginTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(BrokenPluginTest, IsRefusedByNameAndTheHostSurvives) {
  const Refusal& expected = GetParam();
  unsetenv("CINCH_TEST_PLUGIN_RAN");
  const PluginReport report = load(test_plugin("broken", expected.name));
  EXPECT_EQ(report.refusal, expected.refusal) << report.message;
  EXPECT_THAT(report.message, HasSubstr(expected.says));
  EXPECT_EQ(getenv("CINCH_TEST_PLUGIN_RAN") != nullptr, expected.may_run);
}

INSTANTIATE_TEST_SUITE_P(
    Each, BrokenPluginTest,
    ::testing::Values(Refusal{"no_entry", "entry_bad", "does not export cinch_plugin_entry_v0"},
                      Refusal{"no_manifest", "not_a_plugin", ".cinch.plugin"},
                      Refusal{"abi_major", "abi_major", "ABI 7, this host has 0; update cinch"},
                      Refusal{"abi_minor", "abi_minor", "0.9, this host has 0.3; update cinch"},
                      Refusal{"abi_minor_old", "abi_minor", "0.1, this host has 0.3; rebuild"},
                      Refusal{"other_platform", "bad_platform", "plan9-pdp11"},
                      Refusal{"bad_id", "manifest_corrupt", "[a-z0-9._-]"},
                      Refusal{"bad_size", "manifest_corrupt", "sizes"},
                      Refusal{"no_direction", "manifest_corrupt", "neither encodes nor decodes"},
                      Refusal{"must_understand", "needs_host_cap", "bit 63"},
                      Refusal{"host_cap", "needs_host_cap", "host capability 5"},
                      Refusal{"null_function", "contract_broken", "lacks enc_run", true},
                      Refusal{"no_measure", "contract_broken", "lacks measure", true},
                      Refusal{"half_a_plan", "contract_broken", "plan_close", true},
                      Refusal{"foreign_function", "contract_broken", "another object", true},
                      Refusal{"null_provider", "contract_broken", "NULL", true},
                      Refusal{"provider_count", "contract_broken", "2 providers", true},
                      Refusal{"lying_manifest", "contract_broken", "differs from its manifest", true},
                      Refusal{"short_table", "contract_broken", "24 bytes", true},
                      Refusal{"plugin_table", "contract_broken", "says that it has 8 bytes, expected", true},
                      Refusal{"entry_error", "init_failed", "the device is not there", true},
                      Refusal{"entry_throws", "init_failed", "threw an exception", true},
                      Refusal{"extra_export", "exports_bad", "something_else"},
                      Refusal{"imports_cinch_something", "exports_bad", "cinch_something"},
                      Refusal{"imports__ZN5cinch9somethingEv", "exports_bad", "_ZN5cinch9somethingEv"},
                      Refusal{"imports__ZNK5cinch4Some5thingEv", "exports_bad", "_ZNK5cinch4Some5thingEv"},
                      Refusal{"imports__ZTIN5cinch9SomethingE", "exports_bad", "_ZTIN5cinch9SomethingE"},
                      Refusal{"imports__ZGVN5cinch9somethingE", "exports_bad", "_ZGVN5cinch9somethingE"},
                      Refusal{"imports__ZN5other5cinchEv", "load_failed", "_ZN5other5cinchEv"},
                      Refusal{"bad_text", "manifest_corrupt", "UTF-8"},
                      Refusal{"imports_no_such_function_anywhere", "load_failed",
                              "undefined symbol: no_such_function_anywhere"},
                      Refusal{"names_raw", "provider_conflict", "never replaced", true}),
    [](const auto& param) { return param.param.name; });

TEST(PluginLoaderTest, RefusesASecondProviderOfAFormat) {
  CodecRegistry registry;
  PluginLoader loader(registry);
  loader.load_file(test_plugin("codecs", "valid"));
  const PluginReport report = loader.load_file(test_plugin("broken", "second_valid"));
  EXPECT_EQ(report.refusal, "provider_conflict");
  EXPECT_THAT(report.message, HasSubstr("prefer"));
  EXPECT_EQ(registry.providers()[1].implementation, "test.valid");
}

TEST(PluginLoaderTest, TakesThePreferredOfTwoProviders) {
  CodecRegistry registry;
  registry.prefer("test.valid", "test.second");
  PluginLoader loader(registry);
  EXPECT_EQ(loader.load_file(test_plugin("codecs", "valid")).refusal, "");
  EXPECT_EQ(loader.load_file(test_plugin("broken", "second_valid")).refusal, "");
  EXPECT_EQ(registry.providers()[1].implementation, "test.second");
}

TEST(PluginLoaderTest, RemembersARefusalOfAFileWhoseCodeRan) {
  const TempDir dir;
  const std::string path = dir.file("x.cinch.so");
  std::filesystem::copy_file(test_plugin("broken", "entry_error"), path);
  EXPECT_EQ(load(path).refusal, "init_failed");
  unsetenv("CINCH_TEST_PLUGIN_RAN");
  EXPECT_EQ(load(path).refusal, "init_failed");
  EXPECT_EQ(getenv("CINCH_TEST_PLUGIN_RAN"), nullptr);
}

TEST(PluginLoaderTest, LoadsAStrippedFile) {
  const TempDir dir;
  const std::string command = "strip -o " + dir.file("x.cinch.so") + " " + test_plugin("codecs", "valid");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(load(dir.file("x.cinch.so")).refusal, "");
}

TEST(PluginLoaderTest, RefusesAMissingFile) {
  const PluginReport report = load("/nowhere/x.cinch.so");
  EXPECT_EQ(report.refusal, "load_failed");
  EXPECT_THAT(report.message, HasSubstr("No such file"));
}

TEST(PluginLoaderTest, RefusesTextOfAnyLength) {
  const TempDir dir;
  for (const std::size_t size : {0u, 1u, 63u, 64u, 5000u}) {
    const std::string path = dir.file(std::to_string(size) + ".cinch.so");
    write_file(path, std::string(size, 'x'));
    EXPECT_EQ(load(path).refusal, "not_a_plugin") << size << " bytes";
  }
}

TEST(PluginLoaderTest, RefusesADirectory) {
  const TempDir dir;
  std::filesystem::create_directory(dir.file("x.cinch.so"));
  EXPECT_EQ(load(dir.file("x.cinch.so")).refusal, "file_untrusted");
}

TEST(PluginLoaderTest, RefusesASymbolicLink) {
  const TempDir dir;
  std::filesystem::create_symlink(test_plugin("codecs", "valid"), dir.file("x.cinch.so"));
  const PluginReport report = load(dir.file("x.cinch.so"));
  EXPECT_EQ(report.refusal, "file_untrusted");
  EXPECT_THAT(report.message, HasSubstr("symbolic link"));
}

TEST(PluginLoaderTest, RefusesAPipeWithoutWaitingForIt) {
  const TempDir dir;
  ASSERT_EQ(mkfifo(dir.file("x.cinch.so").c_str(), 0600), 0);
  EXPECT_EQ(load(dir.file("x.cinch.so")).refusal, "file_untrusted");
}

TEST(PluginLoaderTest, RefusesAnotherMachine) {
  PatchedPlugin plugin;
  plugin.header().e_machine = plugin.header().e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
  EXPECT_EQ(plugin.load_it().refusal, "bad_platform");
}

TEST(PluginLoaderTest, RefusesA32BitFile) {
  PatchedPlugin plugin;
  plugin.header().e_ident[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(plugin.load_it().refusal, "bad_platform");
}

TEST(PluginLoaderTest, RefusesAnElfFileThatIsNoSharedObject) {
  PatchedPlugin plugin;
  plugin.header().e_type = ET_REL;
  EXPECT_EQ(plugin.load_it().refusal, "not_a_plugin");
}

TEST(PluginLoaderTest, RefusesAnEntryThatIsNoFunction) {
  PatchedPlugin plugin;
  Elf64_Sym& entry = plugin.symbol(CINCH_PLUGIN_ENTRY);
  entry.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
  const PluginReport report = plugin.load_it();
  EXPECT_EQ(report.refusal, "entry_bad");
  EXPECT_THAT(report.message, HasSubstr("no function"));
}

TEST(PluginLoaderTest, RefusesAForgedManifestSize) {
  PatchedPlugin plugin;
  plugin.section(".cinch.plugin").sh_size = std::uint64_t{6} << 30;
  EXPECT_EQ(plugin.load_it().refusal, "manifest_corrupt");
}

TEST(PluginLoaderTest, RefusesForgedSizesOfSymbolTables) {
  for (const char* name : {".dynsym", ".dynstr"}) {
    PatchedPlugin plugin;
    plugin.section(name).sh_size = std::uint64_t{6} << 30;
    EXPECT_EQ(plugin.load_it().refusal, "not_a_plugin") << name;
  }
}

TEST(PluginLoaderTest, RefusesAForgedNumberOfSections) {
  PatchedPlugin plugin;
  plugin.header().e_shnum = 0;  // then the number stands in the first section, 32 bits of it
  reinterpret_cast<Elf64_Shdr*>(plugin.bytes().data() + plugin.header().e_shoff)->sh_size = 0xffffffff;
  EXPECT_EQ(plugin.load_it().refusal, "not_a_plugin");
}

TEST(PluginLoaderTest, RefusesEveryTruncation) {
  PatchedPlugin plugin;
  const std::string whole = plugin.bytes();
  for (std::size_t size = 0; size < whole.size(); size += size < 128 ? 1 : 97) {
    plugin.bytes() = whole.substr(0, size);
    EXPECT_EQ(plugin.load_it().refusal, "not_a_plugin") << size << " bytes";
  }
}

TEST(PluginLoaderTest, RefusesAnotherFileThatTookTheNameOfALoadedOne) {
  const TempDir dir;
  const std::string path = dir.file("x.cinch.so");
  std::filesystem::copy_file(test_plugin("codecs", "valid"), path);
  EXPECT_EQ(load(path).refusal, "");
  std::filesystem::remove(path);
  std::filesystem::copy_file(test_plugin("codecs", "xor"), path);
  EXPECT_EQ(load(path).refusal, "load_failed");
}

TEST(PluginLoaderTest, ReportsADirectoryThatIsNotThere) {
  CodecRegistry registry;
  const std::vector<PluginReport> reports = PluginLoader(registry).load_directory("/nowhere");
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].refusal, "dir_unreadable");
  EXPECT_EQ(registry.reports().size(), 1u);
}

TEST(PluginLoaderTest, LoadsADirectorySortedWithoutItsOtherFiles) {
  const TempDir dir;
  std::filesystem::copy_file(test_plugin("codecs", "xor"), dir.file("b.cinch.so"));
  std::filesystem::copy_file(test_plugin("codecs", "lossy"), dir.file("a.cinch.so"));
  write_file(dir.file("notes.txt"), "not a plugin");
  std::filesystem::create_directory(dir.file("below"));
  std::filesystem::copy_file(test_plugin("codecs", "valid"), dir.file("below/c.cinch.so"));
  CodecRegistry registry;
  const std::vector<PluginReport> reports = PluginLoader(registry).load_directory(dir.path().string());
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].plugin_id, "test.lossy");
  EXPECT_EQ(reports[1].plugin_id, "test.xor");
}

TEST(PluginLoaderTest, LoadsFromTheDirectoryThatWasListedThroughALinkToo) {
  const TempDir dir;
  for (const char* each : {"named", "named/plugins", "real", "real/plugins", "real/below"}) {
    std::filesystem::create_directory(dir.file(each));
  }
  std::filesystem::copy_file(test_plugin("codecs", "lossy"), dir.file("named/plugins/x.cinch.so"));
  std::filesystem::copy_file(test_plugin("codecs", "xor"), dir.file("real/plugins/x.cinch.so"));
  std::filesystem::create_symlink("../real/below", dir.file("named/link"));
  CodecRegistry registry;
  const std::vector<PluginReport> reports = PluginLoader(registry).load_directory(dir.file("named/link/../plugins"));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].plugin_id, "test.xor");
  EXPECT_TRUE(std::filesystem::equivalent(reports[0].path, dir.file("real/plugins/x.cinch.so")));
}

TEST(PluginLoaderTest, OneBadFileKeepsNoOtherOut) {
  const TempDir dir;
  write_file(dir.file("a.cinch.so"), "text");
  std::filesystem::copy_file(test_plugin("codecs", "xor"), dir.file("b.cinch.so"));
  CodecRegistry registry;
  PluginLoader(registry).load_directory(dir.path().string());
  EXPECT_NE(codec_of(registry, "test.xor"), nullptr);
}

/// What is logged while a file is loaded, in a line each.
std::string log_of_loading(const std::string& path) {
  std::string said;
  set_log_callback([](void* context, LogLevel,
                      std::string_view message) { *static_cast<std::string*>(context) += std::string(message) + "\n"; },
                   &said);
  load(path);
  set_log_callback(nullptr, nullptr);
  return said;
}

TEST(PluginLoaderTest, HandsWhatAPluginLogsToTheHost) {
  const TempDir dir;
  std::filesystem::copy_file(test_plugin("codecs", "valid"), dir.file("x.cinch.so"));
  EXPECT_EQ(log_of_loading(dir.file("x.cinch.so")), "plugin test.valid: hello\n");
}

TEST(PluginLoaderTest, GivesAPluginNoMoreThanThereIsAndLogsItsTextInPrint) {
  const std::string path = test_plugin("asking", "asks-too-much");
  EXPECT_EQ(log_of_loading(path), "plugin test.asking: hello\nplugin test.asking: , ?[31mred?\n");
  EXPECT_EQ(load(path).refusal, "");
}

TEST(PluginLoaderTest, LogsANameOfAFileInPrint) {
  const TempDir dir;
  write_file(dir.file("\033[31m.cinch.so"), "text");
  EXPECT_THAT(log_of_loading(dir.file("\033[31m.cinch.so")), HasSubstr("/?[31m.cinch.so: not_a_plugin"));
}

TEST(PluginExportTest, BundledPluginsExportTheirEntryAlone) {
  for (const std::string& name : bundled_files()) {
    const std::string command = "nm -D --defined-only " + bundled_plugin(name);
    FILE* nm = popen(command.c_str(), "r");
    ASSERT_NE(nm, nullptr);
    std::string lines(10'000, '\0');
    lines.resize(std::fread(lines.data(), 1, lines.size(), nm));
    ASSERT_EQ(pclose(nm), 0);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << lines;
    EXPECT_THAT(lines, HasSubstr(" T cinch_plugin_entry_v0\n"));
  }
}

}  // namespace
}  // namespace cinch::test
