#include "engine/printable.hpp"

#include <gtest/gtest.h>

#include "cinch/log.hpp"

namespace cinch {
namespace {

TEST(PrintableTest, IsUtf8WithoutControlCharacters) {
  for (const char* text : {"", "k=v,theta=10000", "Müller", "\u00a0", "\u0800", "\uffff", "\U00010000", "\U0010ffff"}) {
    EXPECT_TRUE(is_printable(text)) << text;
    EXPECT_EQ(printable(text), text);
  }
}

TEST(PrintableTest, WhatIsNotIsAQuestionMarkForEachByte) {
  struct Case {
    std::string_view text, shown;
  };
  for (const auto& [text, shown] : {
           Case{"\033[31m", "?[31m"},             // escape
           {"a\nb", "a?b"},                       // a line's end
           {std::string_view("a\0b", 3), "a?b"},  // the end of a C string
           {"\x7f", "?"},                         // delete
           {"\xc2\x9b"
            "31m",
            "??31m"},                     // a control character of two bytes
           {"M\xfcller", "M?ller"},       // Latin-1
           {"\xc3", "?"},                 // cut off
           {"\xe2\x82", "??"},            // the same
           {"\xe2\x82z", "??z"},          // with another character in it
           {"\xc0\xaf", "??"},            // longer than need be
           {"\xe0\x80\xaf", "???"},       // the same
           {"\xed\xa0\x80", "???"},       // half of a pair of UTF-16
           {"\xf4\x90\x80\x80", "????"},  // beyond Unicode
           {"\xff", "?"},                 // never UTF-8
       }) {
    EXPECT_FALSE(is_printable(text)) << shown;
    EXPECT_EQ(printable(text), shown);
  }
}

}  // namespace
}  // namespace cinch
