// import, export.
#include <sys/stat.h>

#include <algorithm>

#include "tests/cli/safetensors_file.hpp"
#include "tests/support/payloads.hpp"

namespace cinch::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class TransferTest : public CliTest {
 protected:
  void import(const std::string& file, Args flags = {}) const {
    flags.insert(flags.begin(), {"import", file});
    const Outcome run = cinch(flags);
    ASSERT_EQ(run.status, 0) << run.err;
  }

  /// What `export` gives, as the bytes of its file.
  std::string exported(Args flags = {}) const {
    flags.insert(flags.begin(), {"export", "out.safetensors"});
    const Outcome run = cinch(flags);
    EXPECT_EQ(run.status, 0) << run.err;
    return read_file(dir.file("out.safetensors"));
  }

  /// Two small tensors, in a file of that name.
  std::string small(const std::string& name, const std::string& data = "abcdefgh") const {
    return save_safetensors(
        dir.file(name),
        R"({"b":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[2,2],"data_offsets":[4,8]}})",
        data);
  }
};

TEST_F(TransferTest, RemovingAnImportCountsItsTensorsAlone) {
  import(small("two"), {"--prefix", "kv/"});
  EXPECT_EQ(cinch({"del", "--prefix", "kv/", "--json"}).json()["removed"], 2);
}

TEST_F(TransferTest, AMistakeInAnImportLeavesTheOneBeforeAsItIs) {
  const std::string file = save_safetensors(
      dir.file("in"),
      R"({"a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1,2],"data_offsets":[4,8]}})",
      "abcdefgh");
  import(file);
  expect_error(cinch({"import", file, "--head-dim", "7"}), 2, "key \"b\"");
  EXPECT_EQ(exported(), read_file(file));
}

TEST_F(TransferTest, NamesThatTheToolKeepsAreRefused) {
  const std::string file = save_safetensors(
      dir.file("in"), R"({"w\u0000cinch/safetensors":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "abcd");
  expect_error(cinch({"import", file}), 2, "the name is kept for what import stores");
  EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(TransferTest, ANameThatIsNoKeyIsRefusedBeforeThereIsAStore) {
  const std::string name(70'000, 'n');
  const std::string file = save_safetensors(
      dir.file("in"), R"({")" + name + R"(":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "abcd");
  const Outcome run = cinch({"import", file});
  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, AllOf(HasSubstr(file), HasSubstr("\"nnnn"), HasSubstr("expected at most 65536")));
  EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(TransferTest, APipeIsNotWaitedFor) {
  const std::string pipe = dir.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  expect_error(cinch({"import", pipe}), 5, "is not a regular file");
}

TEST_F(TransferTest, WhatIsLeftOfAnImportCanBeExported) {
  import(small("in"));
  ASSERT_EQ(cinch({"del", "a"}).status, 0);
  expect_error(cinch({"export", "out"}), 1, "--present");
  EXPECT_EQ(exported({"--present"}),
            read_file(save_safetensors(dir.file("left"), R"({"b":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}  )",
                                       "abcd")));
}

class TransferCodecTest : public TransferTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(TransferCodecTest, AnExportIsTheImportedFileByteForByte) {
  import(sample_path, {"--codec", GetParam(), "--prefix", "kv/"});
  EXPECT_TRUE(exported({"--prefix", "kv/"}) == read_file(sample_path));
}

TEST_P(TransferCodecTest, RealTensorsComeBackByteForByte) {
  const auto file = real_tensor_file("code-1024");
  if (!file) GTEST_SKIP() << "the data set of real tensors is not there";
  import(*file, {"--codec", GetParam()});
  EXPECT_TRUE(exported() == read_file(*file));
}

INSTANTIATE_TEST_SUITE_P(Codecs, TransferCodecTest,
                         ::testing::Values("raw", "lz4", "lz4:hc=4", "zstd:level=1", "zstd:level=3"),
                         [](const auto& suite) {
                           std::string name = suite.param;
                           std::ranges::replace_if(
                               name, [](char c) { return c == ':' || c == '='; }, '_');
                           return name;
                         });

TEST_F(TransferTest, ValuesLieUnderPrefixPlusTheTensorsName) {
  const std::string file = small("in");
  import(file, {"--prefix", "p/"});
  EXPECT_EQ(cinch({"ls"}).out, "p/a\np/b\n");
  EXPECT_EQ(cinch({"get", "p/b"}).out, "abcd");
  EXPECT_EQ(cinch({"get", "p/a"}).out, "efgh");
}

TEST_F(TransferTest, WithoutAPrefixTheNamesAreTheKeys) {
  import(small("in"));
  EXPECT_EQ(cinch({"ls"}).out, "a\nb\n");
}

TEST_F(TransferTest, TypeAndShapeAreKept) {
  import(small("in"));
  const Json b = cinch({"stat", "b", "--json"}).json();
  EXPECT_EQ(b["dtype"], "f16");
  EXPECT_EQ(b["shape"], Json::array({2}));
  const Json a = cinch({"stat", "a", "--json"}).json();
  EXPECT_EQ(a["dtype"], "u8");
  EXPECT_EQ(a["shape"], Json::array({2, 2}));
  EXPECT_THAT(cinch({"stat", "a"}).out, HasSubstr("u8 [2, 2]"));
  EXPECT_THAT(cinch({"ls", "--long"}).out, HasSubstr("f16 [2]"));
}

TEST_F(TransferTest, TheSamplesTensorsAreBf16) {
  import(sample_path);
  const Json k = cinch({"stat", "layers.0.k", "--json"}).json();
  EXPECT_EQ(k["dtype"], "bf16");
  EXPECT_EQ(k["shape"], Json::array({216, 3, 64}));
  EXPECT_EQ(k["raw_bytes"], 216 * 3 * 64 * 2);
}

TEST_F(TransferTest, TheHeaderIsNeitherListedNorCounted) {
  import(small("in"), {"--prefix", "p/"});
  EXPECT_EQ(cinch({"ls", "p/", "--json"}).json(), Json::array({"p/a", "p/b"}));
  const Json stat = cinch({"stat", "--json"}).json();
  EXPECT_EQ(stat["values"], 2);
  EXPECT_EQ(stat["raw_bytes"], 8);
  EXPECT_EQ(cinch({"verify", "--json"}).json()["values"], 2);
  EXPECT_EQ(cinch({"ls", "--long", "--json"}).json().size(), 2u);
}

TEST_F(TransferTest, TheHeadersKeyCannotBePut) {
  expect_error(cinch({"put", R"(p/\x00cinch/safetensors)"}, "v"), 2, R"(p/\x00cinch/safetensors)");
}

TEST_F(TransferTest, TheNextImportReplacesTheHeader) {
  import(sample_path, {"--prefix", "p/"});
  const std::string file = small("in");
  import(file, {"--prefix", "p/"});
  EXPECT_EQ(exported({"--prefix", "p/"}), read_file(file));
}

TEST_F(TransferTest, ImportsUnderSeveralPrefixesDoNotMeet) {
  const std::string first = small("first", "11112222"), second = small("second", "33334444");
  import(first, {"--prefix", "1/"});
  import(second, {"--prefix", "2/", "--codec", "zstd"});
  EXPECT_EQ(exported({"--prefix", "1/"}), read_file(first));
  EXPECT_EQ(exported({"--prefix", "2/"}), read_file(second));
}

TEST_F(TransferTest, APrefixMayHoldAnyByte) {
  const std::string file = small("in");
  import(file, {"--prefix", R"(\x00\xff\\)"});
  EXPECT_EQ(cinch({"ls", R"(\x00)"}).out, R"(\x00\xff\\a)"
                                          "\n"
                                          R"(\x00\xff\\b)"
                                          "\n");
  EXPECT_EQ(exported({"--prefix", R"(\x00\xff\\)"}), read_file(file));
}

TEST_F(TransferTest, ImportInJsonCounts) {
  const Outcome run = cinch({"import", small("in"), "--json", "--prefix", "p/"});
  const Json json = run.json();
  EXPECT_EQ(json["tensors"], 2);
  EXPECT_EQ(json["raw_bytes"], 8);
  EXPECT_EQ(json["prefix"], "p/");
  EXPECT_EQ(json["stored_bytes"], cinch({"stat", "--json"}).json()["stored_bytes"]);
}

TEST_F(TransferTest, ImportAndExportSayWhatTheyDid) {
  const std::string file = small("in");
  EXPECT_THAT(cinch({"import", file}).out, MatchesRegex("imported 2 tensors: 8 B, stored .*\n"));
  EXPECT_EQ(cinch({"export", "out"}).out, "exported 2 tensors, 8 B\n");
  EXPECT_EQ(cinch({"import", file, "--quiet"}).out, "");
  EXPECT_EQ(cinch({"export", "out", "--quiet"}).out, "");
  EXPECT_EQ(cinch({"export", "out", "--json"}).json(),
            (Json{{"file", "out"}, {"prefix", ""}, {"tensors", 2}, {"raw_bytes", 8}, {"left_out", 0}}));
}

TEST_F(TransferTest, AnExportMayGoToStandardOutput) {
  const std::string file = small("in");
  import(file);
  EXPECT_EQ(cinch({"export", "-"}).out, read_file(file));
  expect_error(cinch({"export", "-", "--json"}), 2, "--json");
}

TEST_F(TransferTest, StandardOutputUnderAnotherNameGetsTheFileAlone) {
  const std::string file = small("in");
  import(file);
  std::filesystem::create_symlink("/proc/self/fd/1", dir.file("stdout"));  // as /dev/stdout is, which stays as it is
  for (const char* name : {"stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    EXPECT_EQ(cinch({"export", name}).out, read_file(file)) << name;
    expect_error(cinch({"export", name, "--json"}), 2, "--json");
    EXPECT_EQ(cinch({"get", "a", "--json", "-o", name}).json()["value"], cinch({"get", "a"}).out) << name;
  }
}

TEST_F(TransferTest, AnExportWithoutImportMakesAFileOfTheShapedValues) {
  import(small("in"), {"--prefix", "p/"});
  put("p/text", "no tensor");
  // A longer prefix has no header of its own.
  const Outcome run = cinch({"export", "out", "--prefix", "p", "--json"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["tensors"], 2);
  EXPECT_EQ(run.json()["left_out"], 1);
  ASSERT_EQ(cinch({"import", "out", "--prefix", "again/"}).status, 0);
  EXPECT_EQ(cinch({"get", "again//a"}).out, "efgh");
  EXPECT_EQ(cinch({"stat", "again//b", "--json"}).json()["dtype"], "f16");
}

TEST_F(TransferTest, ATensorsNameMustBeUtf8) {
  ASSERT_EQ(cinch({"put", R"(caf\xe9)", "--dtype", "u8", "--shape", "4"}, "efgh").status, 0);
  const Outcome run = cinch({"export", "out"});
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.err, AllOf(HasSubstr(R"("caf\xe9")"), HasSubstr("UTF-8")));
}

TEST_F(TransferTest, ATensorMayNotBeNamedAsTheFormatNamesWhatIsNone) {
  for (const char* value : {"", "efgh"}) {
    ASSERT_EQ(cinch({"put", "p/__metadata__", "--dtype", "u8", "--shape", "0"}, value).status, 0);
    ASSERT_EQ(cinch({"put", "p/b", "--dtype", "u8", "--shape", "4"}, "abcd").status, 0);
    expect_error(cinch({"export", "out", "--prefix", "p/", "--present"}), 5,
                 "tensor \"__metadata__\": the format keeps");
  }
}

TEST_F(TransferTest, AnExportOfNothingIs1AndMakesNoFile) {
  put("text", "no tensor");
  expect_error(cinch({"export", "out", "--prefix", "q/"}), 1, "\"q/\"");
  expect_error(cinch({"export", "out"}), 1, "tensor");
  EXPECT_FALSE(std::filesystem::exists(dir.file("out")));
}

TEST_F(TransferTest, AnExportWithoutOneOfItsTensorsIs1AndNamesIt) {
  import(small("in"));
  ASSERT_EQ(cinch({"del", "a"}).status, 0);
  write_file(dir.file("out"), "old");
  expect_error(cinch({"export", "out"}), 1, "key \"a\"");
  EXPECT_EQ(read_file(dir.file("out")), "old");
}

TEST_F(TransferTest, AnExportOfAValueSetSinceIsRefusedUnlessItIsAsLong) {
  import(small("in"));
  put("a", "longer than it was");
  expect_error(cinch({"export", "out"}), 5, "key \"a\"");
  put("a", "EFGH");
  EXPECT_THAT(exported(), HasSubstr("abcdEFGH"));
}

TEST_F(TransferTest, AnExportThatCannotBeWrittenNamesTheFile) {
  import(small("in"));
  expect_error(cinch({"export", "no/dir/out"}), 5, "no/dir/out");
  expect_error(cinch({"export", "."}), 5, ".: is a directory");
}

TEST_F(TransferTest, AFileWithoutTensorsComesBack) {
  const std::string file = save_safetensors(dir.file("in"), R"({"__metadata__":{"format":"pt"}}   )", "");
  import(file, {"--prefix", "p/"});
  EXPECT_EQ(exported({"--prefix", "p/"}), read_file(file));
}

TEST_F(TransferTest, MetadataPaddingAndOrderComeBack) {
  const std::string file = save_safetensors(dir.file("in"),
                                            R"( {"z" : {"shape":[4],"dtype":"U8","data_offsets":[0,4]},)"
                                            R"("__metadata__":{"x":"é"}, "a":{"dtype":"U8","shape":[0],)"
                                            R"("data_offsets":[4,4]}}      )",
                                            "data");
  import(file);
  EXPECT_EQ(exported(), read_file(file));
  EXPECT_EQ(cinch({"get", "a"}).status, 0);
}

TEST_F(TransferTest, ATypeThatCinchLacksIsKeptAsBytes) {
  const std::string file =
      save_safetensors(dir.file("in"), R"({"c":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}})", "complex!");
  import(file);
  EXPECT_EQ(exported(), read_file(file));
  EXPECT_FALSE(cinch({"stat", "c", "--json"}).json().contains("dtype"));
}

TEST_F(TransferTest, WhatCinchHasNoShapeForGoesToTheFallbackOfATensorCodec) {
  const std::string file =
      save_safetensors(dir.file("in"),
                       R"({"e":{"dtype":"F8_E8M0","shape":[2048],"data_offsets":[0,2048]},)"
                       R"("f":{"dtype":"F64","shape":[1,1,1,1,1,1,1,1,256],"data_offsets":[2048,4096]},)"
                       R"("__metadata__":{"shape":"a","shape":"b"}})",
                       std::string(4096, '\x7f'));
  const Json rules = cinch({"import", file, "--codec", "tensor", "--json"}).json()["rules"];
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_EQ(rules[0]["codec"], "zstd");
  EXPECT_EQ(rules[0]["fallback"], true);
  EXPECT_EQ(rules[0]["tensors"], 2);
  EXPECT_EQ(cinch({"stat", "e", "--json"}).json()["codec"], "zstd");
  EXPECT_EQ(cinch({"stat", "f", "--json"}).json()["codec"], "zstd");
  EXPECT_EQ(exported(), read_file(file));
}

TEST_F(TransferTest, ATypeThatCinchLacksIsForTheStoreWhereNoFallbackTakesWholeNumbers) {
  const std::string file = save_safetensors(
      dir.file("in"), R"({"e":{"dtype":"F8_E8M0","shape":[2048],"data_offsets":[0,2048]}})", std::string(2048, '\x7f'));
  write_config("codec = \"quant\"\nfallback = \"tensor\"\n");
  const Outcome run = bare({"--config", "c.toml", "import", file, "--json"});
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["rules"][0]["codec"], "tensor");
  EXPECT_EQ(run.json()["rules"][0]["fallback"], true);
}

}  // namespace
}  // namespace cinch::test
