// Files that import has to refuse: with a message that names the file, and nothing stored.
#include "tests/cli/safetensors_file.hpp"

namespace cinch::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* good_header =
    R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})";

class DamagedSafetensorsTest : public CliTest {
 protected:
  void SetUp() override { put("kept", "as it was"); }

  /// Imports `bad` and expects that it is refused with `text`, and that nothing was stored.
  void expect_refused(const std::string& text) const {
    const Outcome run = cinch({"import", "bad"});
    expect_error(run, 5, text);
    EXPECT_THAT(run.err, HasSubstr("bad: "));
    EXPECT_EQ(cinch({"ls"}).out, "kept\n");
  }

  void save(const std::string& header, const std::string& data = "abcdefgh") const {
    save_safetensors(dir.file("bad"), header, data);
  }
};

struct BadHeader {
  const char* name;
  const char* header;
  const char* message;
};

class DamagedHeaderTest : public DamagedSafetensorsTest, public ::testing::WithParamInterface<BadHeader> {};

TEST_P(DamagedHeaderTest, IsRefused) {
  save(GetParam().header);
  expect_refused(GetParam().message);
}

constexpr BadHeader bad_headers[] = {
    {"NotJson", "{\"a\":", "not JSON"},
    {"NotUtf8", "{\"\xff\":{}}", "not JSON"},
    {"TrailingText", "{} x", "not JSON"},
    {"AList", "[]", "not a JSON object"},
    {"ANumber", "7", "not a JSON object"},
    {"TensorIsNoObject", R"({"a":7})", "tensor \"a\""},
    {"NoDtype", R"({"a":{"shape":[8],"data_offsets":[0,8]}})", "dtype"},
    {"NoShape", R"({"a":{"dtype":"U8","data_offsets":[0,8]}})", "shape"},
    {"NoOffsets", R"({"a":{"dtype":"U8","shape":[8]}})", "data_offsets"},
    {"DtypeIsNoText", R"({"a":{"dtype":8,"shape":[8],"data_offsets":[0,8]}})", "dtype"},
    {"NegativeDimension", R"({"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}})", "shape"},
    {"FractionalDimension", R"({"a":{"dtype":"U8","shape":[8.5],"data_offsets":[0,8]}})", "shape"},
    {"DimensionOver64Bits", R"({"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,8]}})", "shape"},
    {"ShapeOverflows", R"({"a":{"dtype":"U8","shape":[4294967296,4294967296,8],"data_offsets":[0,8]}})", "shape"},
    {"OneOffset", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[8]}})", "data_offsets"},
    {"OffsetsBackwards", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}})", "data_offsets"},
    {"NegativeOffset", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[-1,8]}})", "data_offsets"},
    {"ShapeIsNotItsBytes", R"({"a":{"dtype":"F32","shape":[8],"data_offsets":[0,8]}})", "expected 32"},
    {"OffsetsOverlap",
     R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
     "overlap"},
    {"OffsetsLeaveAGap",
     R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
     "gap"},
    {"OffsetsBeyondTheData", R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", "beyond"},
    {"DataLeftOver", R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "expected 8"},
    {"NameTwice",
     R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
     "twice"},
    {"DtypeTwice", R"({"a":{"dtype":"U8","shape":[8],"dtype":"I8","data_offsets":[0,8]}})", "dtype: given twice"},
    {"ShapeTwice", R"({"a":{"dtype":"U8","shape":[8],"shape":[8],"data_offsets":[0,8]}})", "shape: given twice"},
    {"OffsetsTwice", R"({"a":{"dtype":"U8","data_offsets":[0,8],"shape":[8],"data_offsets":[0,8]}})",
     "data_offsets: given twice"},
    {"MetadataIsNoObject", R"({"__metadata__":[]})", "__metadata__"},
    {"TooDeep", R"({"a":{"dtype":"U8","shape":[[[[8]]]],"data_offsets":[0,8]}})", "deep"},
};

INSTANTIATE_TEST_SUITE_P(Headers, DamagedHeaderTest, ::testing::ValuesIn(bad_headers),
                         [](const auto& suite) { return suite.param.name; });

TEST_F(DamagedSafetensorsTest, AHeaderDoesNotEndAtAByteOfZero) {
  save(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})" + std::string(3, '\0'));
  expect_refused("not JSON: it has a byte of zero");
}

TEST_F(DamagedSafetensorsTest, TheGoodFileIsTaken) {
  save(good_header);
  EXPECT_EQ(cinch({"import", "bad"}).status, 0);
  EXPECT_EQ(cinch({"ls"}).out, "a\nb\nkept\n");
}

TEST_F(DamagedSafetensorsTest, TruncationsAreRefused) {
  save(good_header);
  const std::string whole = read_file(dir.file("bad"));
  for (std::size_t length = 0; length < whole.size(); length += length < 9 ? 1 : 7) {
    write_file(dir.file("bad"), whole.substr(0, length));
    expect_error(cinch({"import", "bad"}), 5, "bad: ");
  }
  EXPECT_EQ(cinch({"ls"}).out, "kept\n");
}

TEST_F(DamagedSafetensorsTest, AnAbsurdHeaderLengthIsRefused) {
  for (const std::uint64_t length :
       {std::uint64_t{100}, std::uint64_t{1} << 33, std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
    write_file(dir.file("bad"), safetensors_length(length) + "{}");
    expect_refused(std::to_string(length));
  }
}

TEST_F(DamagedSafetensorsTest, AnEmptyFileIsRefused) {
  write_file(dir.file("bad"), "");
  expect_refused("not a safetensors file");
}

TEST_F(DamagedSafetensorsTest, AFileOfSomethingElseIsRefused) {
  write_file(dir.file("bad"), "<!DOCTYPE html><html><body>Not found</body></html>");
  expect_refused("not a safetensors file");
}

TEST_F(DamagedSafetensorsTest, AHeaderNestedManyTimesIsRefused) {
  const std::size_t many = 1'000'000;
  save(R"({"a":)" + std::string(many, '[') + std::string(many, ']') + "}");
  expect_refused("deep");
  save(R"({"a":)" + std::string(many, '['));
  expect_refused("not JSON");
}

TEST_F(DamagedSafetensorsTest, AMissingFileIsNamed) { expect_refused("cannot be opened"); }

TEST_F(DamagedSafetensorsTest, ADirectoryIsRefused) {
  std::filesystem::create_directory(dir.file("bad"));
  expect_refused("not a regular file");
}

TEST_F(DamagedSafetensorsTest, ARefusedFileLeavesAnEarlierImportAsItWas) {
  const std::string file = save_safetensors(dir.file("good"), good_header, "abcdefgh");
  ASSERT_EQ(cinch({"import", file, "--prefix", "p/"}).status, 0);
  save("{}", "left over");
  EXPECT_EQ(cinch({"import", "bad", "--prefix", "p/"}).status, 5);
  ASSERT_EQ(cinch({"export", "out", "--prefix", "p/"}).status, 0);
  EXPECT_EQ(read_file(dir.file("out")), read_file(file));
}

TEST_F(DamagedSafetensorsTest, ATensorWhoseKeyIsTooLongIsRefused) {
  save(R"({")" + std::string(70'000, 'n') + R"(":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})");
  const Outcome run = cinch({"import", "bad"});
  expect_error(run, 2, "key");
  EXPECT_EQ(cinch({"ls"}).out, "kept\n");
}

}  // namespace
}  // namespace cinch::test
