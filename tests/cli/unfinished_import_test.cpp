// What becomes of an import that does not come to its end, and of the one before it.
#include "tests/cli/safetensors_file.hpp"

namespace cinch::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class UnfinishedImportTest : public CliTest {
 protected:
  /// A file of two tensors that hold one letter over and over.
  std::string file_of(char letter) const {
    return save_safetensors(
        dir.file(std::string(1, letter)),
        R"({"a":{"dtype":"U8","shape":[500],"data_offsets":[0,500]},"b":{"dtype":"U8","shape":[500],"data_offsets":[500,1000]}})",
        std::string(1000, letter));
  }

  void import(const std::string& file) const {
    const Outcome run = cinch({"import", file, "--prefix", "p/"});
    ASSERT_EQ(run.status, 0) << run.err;
  }

  /// Begins to import and fails at the second tensor.
  void begin_to_import(const std::string& file) const {
    const Args failing = {"--plugins", liars_dir, "--rule", "p/b=test.liar-plan"};
    Args arguments = {"import", file, "--prefix", "p/"};
    arguments.insert(arguments.end(), failing.begin(), failing.end());
    expect_error(cinch(arguments), 3, "key \"p/b\"");
  }

  Outcome exported(Args flags = {}) const {
    flags.insert(flags.begin(), {"export", "out", "--prefix", "p/"});
    return cinch(flags);
  }
};

TEST_F(UnfinishedImportTest, WhatIsThereIsNotExportedAsAFile) {
  import(file_of('A'));
  begin_to_import(file_of('B'));
  expect_error(exported(), 5, dir.file("B") + "\" under the prefix \"p/\" has not come to its end");
  EXPECT_FALSE(std::filesystem::exists(dir.file("out")));
}

TEST_F(UnfinishedImportTest, WhatIsThereIsExportedWhenAskedFor) {
  import(file_of('A'));
  begin_to_import(file_of('B'));
  EXPECT_EQ(exported({"--present", "--json"}).json()["tensors"], 2);
}

TEST_F(UnfinishedImportTest, TheNextImportMakesItWhole) {
  begin_to_import(file_of('A'));
  import(file_of('B'));
  EXPECT_EQ(exported().status, 0);
  EXPECT_EQ(read_file(dir.file("out")), read_file(dir.file("B")));
}

TEST_F(UnfinishedImportTest, WhatACodecRefusesMakesNoStore) {
  const std::string header = R"({"t":{"dtype":"BF16","shape":[10,64],"data_offsets":[0,1280]}})";
  const std::string file = save_safetensors(dir.file("in"), header, std::string(1280, 't'));
  expect_error(cinch({"import", file, "--codec", "quant"}), 2, "key \"t\": quant");
  expect_error(cinch({"put", "t", "--codec", "quant", "--dtype", "bf16", "--shape", "10,64"}, std::string(1280, 't')),
               2, "key \"t\": quant");
  EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(UnfinishedImportTest, ItIsNeitherListedNorCountedNorDamage) {
  import(file_of('A'));
  begin_to_import(file_of('B'));
  EXPECT_EQ(cinch({"ls"}).out, "p/a\np/b\n");
  EXPECT_EQ(cinch({"stat", "--json"}).json()["values"], 2);
  const Outcome verified = cinch({"verify", "--json"});
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_EQ(verified.json()["values"], 2);
}

TEST_F(UnfinishedImportTest, ACopyOfItIsAsUnfinished) {
  import(file_of('A'));
  begin_to_import(file_of('B'));
  const std::string other = "rocksdb:" + dir.file("other");
  ASSERT_EQ(cinch({"copy", "--to", other}).status, 0);
  expect_error(bare({"--store", other, "export", "out", "--prefix", "p/"}), 5, "has not come to its end");
}

TEST_F(UnfinishedImportTest, ItGoesWithItsPrefix) {
  import(file_of('A'));
  begin_to_import(file_of('B'));
  EXPECT_EQ(cinch({"del", "--prefix", "p/", "--json"}).json()["removed"], 2);
  expect_error(exported(), 1, "\"p/\"");
}

TEST_F(UnfinishedImportTest, AHeaderThatIsTooLongIsFoundBeforeAnythingChanges) {
  const std::string before = file_of('A');
  import(before);
  const std::string header =
      R"({"__metadata__":{"note":")" + std::string(2000, 'n') +
      R"("},"a":{"dtype":"U8","shape":[500],"data_offsets":[0,500]},"b":{"dtype":"U8","shape":[500],"data_offsets":[500,1000]}})";
  const std::string next = save_safetensors(dir.file("next"), header, std::string(1000, 'n'));
  write_config("[engine]\nmax_value = \"1000\"\n");
  const Outcome run = bare({"--config", "c.toml", "import", next, "--prefix", "p/"});
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.err, AllOf(HasSubstr("the header of " + next), HasSubstr("expected at most 1000")));
  EXPECT_EQ(exported().status, 0);
  EXPECT_EQ(read_file(dir.file("out")), read_file(before));
}

}  // namespace
}  // namespace cinch::test
