#include "text/escape.h"

#include <gtest/gtest.h>

namespace daybook {
namespace {

using std::string_literals::operator""s;

std::string Escaped(std::string_view bytes) {
  std::string out;
  AppendEscaped(bytes, &out);
  return out;
}
std::string Json(std::string_view bytes, Cut cut = Cut::kNo) {
  std::string out;
  AppendJsonString(bytes, cut, &out);
  return out;
}
std::string Shell(std::string_view arguments) {
  std::string out;
  AppendShellWords(arguments, &out);
  return out;
}

TEST(EscapeTest, TextPassesPrintableUtf8) {
  EXPECT_EQ(Escaped("plain (text) é 漢 🦀"), "plain (text) é 漢 🦀");
  EXPECT_EQ(Escaped(""), "");
}

// At each place of a word of eight bytes and behind it.
TEST(EscapeTest, PlainIsWhatStandsForItselfEverywhere) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_printable = byte >= ' ' && byte <= '~';
    const bool is_plain = is_printable && byte != '"' && byte != ',' && byte != '\\';
    for (size_t at = 0; at < 11; ++at) {
      std::string bytes = "plain text!";
      bytes[at] = static_cast<char>(byte);
      EXPECT_EQ(IsPlain(bytes), is_plain) << byte << " at " << at;
    }
  }
  EXPECT_TRUE(IsPlain(""));
}

TEST(EscapeTest, TextCannotDriveATerminal) {
  EXPECT_EQ(Escaped("\x1b[31m\n\t\x7f"), "\\x1b[31m\\x0a\\x09\\x7f");
  EXPECT_EQ(Escaped("a\0b"s), "a\\x00b");
  EXPECT_EQ(Escaped("\xc2\x9b"), "\\xc2\\x9b") << "C1";
  EXPECT_EQ(Escaped("\xe2\x80\xae"), "\\xe2\\x80\\xae") << "right-to-left override";
}

TEST(EscapeTest, InvalidUtf8IsEscapedByteByByte) {
  EXPECT_EQ(Escaped("a\xff\xc3"), "a\\xff\\xc3");
  EXPECT_EQ(Escaped("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(Escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(Escaped("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "above U+10FFFF";
  EXPECT_EQ(Escaped("\xe6\xbc"), "\\xe6\\xbc") << "cut in the middle";
}

TEST(EscapeTest, WhatLooksLikeAnEscapeIsEscaped) {
  EXPECT_EQ(Escaped("C:\\dir"), "C:\\dir");
  EXPECT_EQ(Escaped("\\x41"), "\\x5cx41");
  EXPECT_EQ(Json("\\x41"), "\"\\\\x5cx41\"");
}

TEST(EscapeTest, JsonIsAlwaysValid) {
  EXPECT_EQ(Json("a\"b\\c é"), "\"a\\\"b\\\\c é\"");
  EXPECT_EQ(Json("\x1b\n\x7f\xc2\x85"), "\"\\u001b\\u000a\\u007f\\u0085\"");
  EXPECT_EQ(Json("\xff"), "\"\\\\xff\"");
  EXPECT_EQ(Json("cut", Cut::kYes), "\"cut…\"");
}

// Programs cut lines at the last blank, or at each, and what is before it at semicolons.
TEST(EscapeTest, AFrameIsOneWordWithoutSemicolons) {
  const auto frame = [](std::string_view name) {
    std::string out = "above;";
    AppendStackFrame(name, &out);
    return out.substr(out.find(';') + 1);
  };
  EXPECT_EQ(frame("cc1plus"), "cc1plus");
  EXPECT_EQ(frame("kworker/0:1-é漢"), "kworker/0:1-é漢");
  EXPECT_EQ(frame("Web Content"), "Web\\x20Content");
  EXPECT_EQ(frame("a;b 7\n"), "a\\x3bb\\x207\\x0a");
  EXPECT_EQ(frame("\xff\xe2\x80\xae"), "\\xff\\xe2\\x80\\xae");
  for (const std::string blank :
       {"\t", "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x8a",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"}) {
    EXPECT_EQ(frame(blank + "1").substr(0, 2), "\\x");
    EXPECT_EQ(frame(blank + "1").size(), 4 * blank.size() + 1);
  }
  EXPECT_EQ(frame("[unknown]"), "\\x5bunknown]");
  EXPECT_EQ(frame("a[0]"), "a[0]");
  EXPECT_EQ(frame(""), "[empty]");
  EXPECT_EQ(frame("\\x41\\"), "\\x5cx41\\");
}

TEST(EscapeTest, ShellWordsReadBackToTheSameBytes) {
  EXPECT_EQ(Shell("ls\0-l\0"s), "ls -l");
  EXPECT_EQ(Shell("a b\0\0c\0"s), "'a b' '' c");
  EXPECT_EQ(Shell("it's"), "'it'\\''s'");
  EXPECT_EQ(Shell("''a long word é'"), "''\\'''\\''a long word é'\\'''");
  EXPECT_EQ(Shell("$HOME"), "'$HOME'");
  EXPECT_EQ(Shell("a\nb"), "$'a\\x0ab'");
  EXPECT_EQ(Shell("'\\\xff"), "$'\\'\\\\\\xff'");
  EXPECT_EQ(Shell("~"), "'~'");
  EXPECT_EQ(Shell(""), "");
}

TEST(EscapeTest, WidthsCountCharacters) {
  EXPECT_EQ(DisplayWidth("aé漢"), 3U);
  EXPECT_EQ(DisplayWidth("a longer text: é漢🦀, éé"), 22U);
  EXPECT_EQ(CutToWidth("aé漢b", 2), "aé");
  EXPECT_EQ(CutToWidth("ab", 5), "ab");
  EXPECT_EQ(CutToWidth("ab", 0), "");
}

TEST(CutToBytesTest, NoCharacterIsCutInTwo) {
  EXPECT_EQ(CutToBytes("abc", 3), "abc");
  EXPECT_EQ(CutToBytes("abc", 2), "ab");
  EXPECT_EQ(CutToBytes("a\xE2\x80\xA6z", 3), "a");
  EXPECT_EQ(CutToBytes("a\xE2\x80\xA6z", 4), "a\xE2\x80\xA6");
  EXPECT_EQ(CutToBytes("\x80\x80", 1), "");
}

}  // namespace
}  // namespace daybook
