#include "args/arg_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/mask_cases.h"

namespace daybook {
namespace {

using testing::ContainsRegex;
using testing::Not;

// As in the cases.
std::string Raw(std::string text) {
  for (char& c : text) {
    if (c == '|') c = '\0';
  }
  return text;
}

std::string Shown(std::string_view args) {
  std::string text(args);
  for (char& c : text) {
    if (c == '\0') c = '|';
  }
  return text;
}

class ArgMaskTest : public testing::Test {
 protected:
  std::string Masked(const std::string& raw) { return Shown(mask_.Apply(raw)); }

  ArgMask mask_;
};

TEST_F(ArgMaskTest, SecretsAreMasked) {
  for (const MaskCase& example : kSecrets) EXPECT_EQ(Masked(Raw(example.args)), example.masked);
}

TEST_F(ArgMaskTest, TheRestIsLeftAsItIs) {
  for (const char* example : kNoSecrets) {
    const std::string raw = Raw(example);
    const std::string_view masked = mask_.Apply(raw);
    EXPECT_EQ(Shown(masked), example);
    EXPECT_EQ(masked.data(), raw.data()) << "copied: " << example;
  }
}

TEST_F(ArgMaskTest, WhereverArgumentsAreCutNoByteOfASecretIsLeft) {
  for (const MaskCase& example : kSecrets) {
    const std::string raw = Raw(example.args);
    for (size_t bytes = 0; bytes <= raw.size(); ++bytes) {
      EXPECT_THAT(Masked(raw.substr(0, bytes)), Not(ContainsRegex("[0-9]"))) << Shown(raw);
    }
  }
}

TEST_F(ArgMaskTest, OneArgumentAfterTheOtherNoneHidesItsNeighbour) {
  for (const MaskCase& first : kSecrets) {
    for (const MaskCase& second : kSecrets) {
      const std::string raw = Raw(std::string(first.args) + second.args);
      EXPECT_THAT(Masked(raw), Not(ContainsRegex("[0-9]"))) << Shown(raw);
    }
  }
}

// What needs no quotes there, with nothing but blanks between, and with ends of lines.
TEST_F(ArgMaskTest, AShellsCommandLineHidesNothingOfIt) {
  size_t count = 0;
  for (const MaskCase& example : kSecrets) {
    const std::string args = example.args;
    if (args.find_first_of(" \t\n'\"\\$`&;<>(){}[]*?!#~") != args.npos) continue;
    ++count;
    for (const char* between :
         {" ", "  ", "\t", "\n", " \\\n", "\\\n ", " \\\r\n ", " \\\n \\\n\t"}) {
      std::string line = "sh|-c|";
      for (const char c : args) line += c == '|' ? std::string(between) : std::string(1, c);
      EXPECT_THAT(Masked(Raw(line)), Not(ContainsRegex("[0-9]"))) << line;
    }
  }
  EXPECT_GT(count, 90u);
}

TEST_F(ArgMaskTest, ANameMayHaveDigits) {
  EXPECT_EQ(Masked(Raw("nmcli|con|modify|x|802-1x.password|123|")),
            "nmcli|con|modify|x|802-1x.password|***|");
}

TEST_F(ArgMaskTest, AnArgumentCannotHideWhatFollows) {
  const std::string masked = Masked(Raw("x|a'b|--password=123|\"|--token|456|\\|u://a:7@h|"));
  EXPECT_EQ(masked, "x|a'b|--password=***|\"|--token|***|\\|u://a:***@h|");
}

TEST_F(ArgMaskTest, MaskingTwiceIsMaskingOnce) {
  for (const MaskCase& example : kSecrets) EXPECT_EQ(Masked(Raw(example.masked)), example.masked);
}

// Of pieces that mean something to it, so that they meet in every order.
std::string RandomArgs(std::mt19937& random) {
  static const char* const kPieces[] = {
      "password",   "token",   "bearer",   "auth", "mysql",   "curl",  "-p",     "-u",
      "--user",     "--",      "-",        "=",    ":",       "://",   "@",      "/",
      "|",          "|",       " ",        "'",    "\"",      "\\",    "&",      ";",
      ",",          "?",       "a",        "\xff", ">",       "***",   "\n",     "X-",
      "-H",         "[",       "]",        "%",    "$(",      ")",     "${",     "}",
      "`",          "login",   "htpasswd", "-b",   "\\\n",    "\r\n",  "$'",     "set",
      "http",       "-a",      "mount",    "-o",   "user",    "by",    " ",      "PASSWORD",
      "identified", "type",    "(",        "-xp",  "sqlplus", "vault", "login",  "/p:",
      "xfreerdp",   "mysqlsh", "-x",       "$$",   "$t$",     "for",   "replace"};
  std::string text;
  for (size_t count = random() % 24; count > 0; --count) {
    text += kPieces[random() % std::size(kPieces)];
  }
  return Raw(text);
}

TEST_F(ArgMaskTest, MaskingAnythingTwiceIsMaskingOnce) {
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::string raw = RandomArgs(random);
    const std::string once(mask_.Apply(raw));
    ASSERT_EQ(Shown(mask_.Apply(once)), Shown(once)) << Shown(raw);
  }
}

TEST_F(ArgMaskTest, AnyBytesWillDo) {
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string raw(random() % 200, '\0');
    for (char& c : raw) c = static_cast<char>(random());
    const std::string once(mask_.Apply(raw));
    ASSERT_EQ(mask_.Apply(once), once);
  }
}

TEST_F(ArgMaskTest, FlagsByTheHundredHideNoSecretBehindThem) {
  for (const char* piece : {"-b\\\n", "-b ", "'-b", "-b $( ", "-n '-b\\\n"}) {
    std::string args = "htpasswd|";
    for (int i = 0; i < 500; ++i) args += piece;
    EXPECT_THAT(Masked(Raw(args + " -b file me 123 x|")), Not(ContainsRegex("[0-9]"))) << piece;
  }
  std::string flags = "htpasswd|-b|";
  for (int i = 0; i < 20; ++i) flags += "-v|";
  EXPECT_THAT(Masked(Raw(flags + "file|me|123|")), Not(ContainsRegex("[0-9]")));
}

// Repetitions of what a rule looks far for. Were the time of several of them that of a square,
// ctest would end the test.
TEST_F(ArgMaskTest, LongArgumentsAreMaskedBeforeTheTestIsEnded) {
  constexpr size_t kBytes = size_t{1} << 18;
  for (const char* piece : {"token",
                            "token ",
                            "token:",
                            "a://",
                            "a://b:",
                            "://b ",
                            "-p",
                            "mysql ",
                            ",token=",
                            "&token=",
                            "curl -u ",
                            "curl|-u|",
                            "\"-u\"",
                            "--token ",
                            "--token|",
                            "'token'",
                            "token='",
                            "\\\"token\\\"",
                            "token=|",
                            "password : ",
                            "-H token:",
                            "bearer ",
                            "((((",
                            "-----",
                            "$(",
                            "token=$( ",
                            " token=$(",
                            "-p \"$(\" ",
                            "htpasswd -b ",
                            "-b ",
                            "-b\\\n",
                            "\"-b",
                            "-n '-b\\\n",
                            "-b $( ",
                            "`-n\\\n",
                            "mysqladmin password ",
                            "login -p ",
                            "\\\n",
                            "-p \\\n",
                            "--token\\\n",
                            "token=$'\\' ",
                            "password '",
                            "password ('\\' ",
                            "password \\\n",
                            "identified ",
                            "identified by ",
                            "identified by ' ",
                            "identified by '' replace ",
                            "password $",
                            "password $$",
                            "password $a$ $",
                            "password for ",
                            "password for x= ",
                            "password for x='$( ",
                            "mysqlsh ",
                            "mysqlsh a:'( ",
                            "mysqlsh a:@'( ",
                            "mysqlsh 'a: @'( ",
                            "-u '( ",
                            "-x '( ",
                            "-x 'a:( ",
                            "-x 'a:( @",
                            "set token",
                            "set token ",
                            "settoken/",
                            "bypass ",
                            "sqlplus ",
                            "sqlplus a/\"$( ",
                            "sqlplus -x'a ",
                            "vault login ",
                            "vault login -a$( ",
                            "vault login 'a ",
                            "xfreerdp /p: ",
                            "xfreerdp '/p:",
                            "password $$",
                            "password $t|",
                            "password $tttt",
                            "password for ",
                            "password for '=",
                            "identified by 'a' replace ",
                            "mysqlsh a:",
                            "mysqlsh 'a: ",
                            "mysqlsh a@b ",
                            "-xxxxxxxx"}) {
    std::string raw = "curl|htpasswd|";
    while (raw.size() < kBytes) raw += piece;
    SCOPED_TRACE(piece);
    EXPECT_FALSE(mask_.Apply(Raw(raw)).empty());
  }
}

TEST_F(ArgMaskTest, WordsCanBeAdded) {
  ArgMask mask({"Frob", "my-pin", "blood-type"});
  const std::string raw =
      Raw("x|--frob=1|--FROBNICATE|2|MY_PIN=3|mypin:4|--password=5|--pin=a|--blood-type=6|");
  EXPECT_EQ(Shown(mask.Apply(raw)),
            "x|--frob=***|--FROBNICATE|***|MY_PIN=***|mypin:***|--password=***|--pin=a|"
            "--blood-type=***|");
}

TEST_F(ArgMaskTest, AWordHasLettersDigitsAndDashes) {
  for (const char* word : {"pin", "my-pin", "x5", "PIN"}) EXPECT_TRUE(ArgMask::IsWord(word));
  for (const char* word : {"", "x", "-x", "x-", "a b", "p=", "\xff\xff"}) {
    EXPECT_FALSE(ArgMask::IsWord(word)) << word;
  }
}

}  // namespace
}  // namespace daybook
