#include "arg_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {
namespace {

using testing::ContainsRegex;
using testing::Not;

// Arguments are written with '|' for each NUL, also the last. Digits stand in secrets only: any of
// them in what is left is a leak.
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

struct Case {
  const char* args;
  const char* masked;
};

const Case kSecrets[] = {
    // Names.
    {"x|--password=123|y|", "x|--password=***|y|"},
    {"x|--password=1 2 3|y|", "x|--password=***|y|"},
    {"x|--password|123|y|", "x|--password|***|y|"},
    {"x|--password|-123|y|", "x|--password|***|y|"},
    {"x|-password|123|", "x|-password|***|"},
    {"x|--PASSWORD=123|", "x|--PASSWORD=***|"},
    {"x|--db-passwd=123|", "x|--db-passwd=***|"},
    {"x|--pwd=123|", "x|--pwd=***|"},
    {"x|--pass|123|", "x|--pass|***|"},
    {"env|SSHPASS=123|DBPASS=4|x|", "env|SSHPASS=***|DBPASS=***|x|"},
    {"x|DB_PASS=123|--dbPass=4|", "x|DB_PASS=***|--dbPass=***|"},
    {"x|--passphrase|1 2|", "x|--passphrase|***|"},
    {"x|--client-secret=123|", "x|--client-secret=***|"},
    {"x|--token|123|--token=456|", "x|--token|***|--token=***|"},
    {"x|--accessToken=123|", "x|--accessToken=***|"},
    {"x|--api-key=1|--apikey=2|--api_key=3|--API.KEY=4|",
     "x|--api-key=***|--apikey=***|--api_key=***|--API.KEY=***|"},
    {"x|--private-key=123|--accesskey|456|", "x|--private-key=***|--accesskey|***|"},
    {"x|--aws-credentials=123|", "x|--aws-credentials=***|"},
    {"x|--auth=123|--basicAuth=456|", "x|--auth=***|--basicAuth=***|"},
    {"java|-Ddb.password=123|-jar|x|", "java|-Ddb.password=***|-jar|x|"},
    {"env|PASSWORD=123|TOKEN=456|PATH=/bin|make|", "env|PASSWORD=***|TOKEN=***|PATH=/bin|make|"},
    {"env|AWS_SECRET_ACCESS_KEY=1/2=3|x|", "env|AWS_SECRET_ACCESS_KEY=***|x|"},
    {"docker|run|-e|PGPASSWORD=1 2|x|", "docker|run|-e|PGPASSWORD=***|x|"},
    {"docker|run|-ePGPASSWORD=1 2|x|", "docker|run|-ePGPASSWORD=***|x|"},
    {"docker|run|--env=PGPASSWORD=1 2|x|", "docker|run|--env=PGPASSWORD=***|x|"},
    {"openssl|rsa|-passin|pass:123|", "openssl|rsa|-passin|pass:***|"},
    {"mount|-o|user=x,password=123,ro|", "mount|-o|user=x,password=***,ro|"},
    {"x|Server=db;Uid=me;Pwd=123;Ssl=on|", "x|Server=db;Uid=me;Pwd=***;Ssl=on|"},
    {"psql|host=db password=123 user=x|", "psql|host=db password=*** user=x|"},
    {"psql|host=db password = '1 2' user=x|", "psql|host=db password = *** user=x|"},
    {"x|p\xc3\xa4\xff_password=\xff"
     "1\xfe|",
     "x|p\xc3\xa4\xff_password=***|"},
    // A flag that may take no value is followed by what may be one.
    {"x|--password|--token|123|", "x|--password|***|***|"},
    {"mysql|--password|-p|123|", "mysql|--password|***|***|"},
    // Data.
    {"curl|-d|a=b&password=123&c=d|", "curl|-d|a=b&password=***&c=d|"},
    {"curl|https://h/x?access_token=123&y=z|", "curl|https://h/x?access_token=***&y=z|"},
    {"curl|-d|{\"password\": \"1 \\\" 2\", \"user\": \"x\"}|",
     "curl|-d|{\"password\": *** \"user\": \"x\"}|"},
    {"sh|-c|curl -d \"{\\\"token\\\": \\\"1 2\\\", \\\"a\\\": true}\"|",
     "sh|-c|curl -d \"{\\\"token\\\": *** \\\"a\\\": true}\"|"},
    {"curl|-d|user[password]=123|", "curl|-d|user[password]=***|"},
    {"ruby|-e|x(password => '1 2')|", "ruby|-e|x(password =***|"},
    // Headers.
    {"curl|-H|Authorization: Bearer 123|x|", "curl|-H|Authorization: ***|x|"},
    {"curl|-HAuthorization:Basic 123|x|", "curl|-HAuthorization:***|x|"},
    {"curl|-H|PRIVATE-TOKEN:123|x|", "curl|-H|PRIVATE-TOKEN:***|x|"},
    {"curl|-HPrivate-Token:123|x|", "curl|-HPrivate-Token:***|x|"},
    {"curl|--header=Private-Token:123|x|", "curl|--header=Private-Token:***|x|"},
    {"curl|-H|X-Api-Key:123|x|", "curl|-H|X-Api-Key:***|x|"},
    {"http|h|X-Auth-Token:123|", "http|h|X-Auth-Token:***|"},
    {"http|h|Cookie: x; token=123|", "http|h|Cookie: x; token=***|"},
    {"x|value: bearer 123 y|", "x|value: bearer *** y|"},
    {"curl|--oauth-bearer|123|", "curl|--oauth-bearer|***|"},
    // URLs.
    {"git|clone|https://ghp_0123456789abcdef@host/x.git|", "git|clone|https://***@host/x.git|"},
    {"git|clone|https://me:123@host/x.git|", "git|clone|https://me:***@host/x.git|"},
    {"x|redis://:123@host|y|", "x|redis://:***@host|y|"},
    {"x|--url=amqp://me:1@2@host/v|", "x|--url=amqp://me:***@host/v|"},
    {"x|postgres://me:a1/2@host/db|", "x|postgres://me:***@host/db|"},
    {"x|a://u:1@h,b://u:2@h c://u:3@h|", "x|a://u:***@h,b://u:***@h c://u:***@h|"},
    {"x|http://[::]:1@h/|", "x|http://[::]:***@h/|"},
    {"sh|-c|git clone 'https://me:1'2@host/x' y|", "sh|-c|git clone 'https://me:***@host/x' y|"},
    // Tools.
    {"mysql|-u|root|-p123|db|", "mysql|-u|root|-p***|db|"},
    {"mysql|-p|123|", "mysql|-p|***|"},
    {"mysql|-Bp123|", "mysql|-Bp***|"},
    {"/usr/bin/mysqldump|-p1 2|db|", "/usr/bin/mysqldump|-p***|db|"},
    {"sudo|-u|x|mariadb-dump|-p123|", "sudo|-u|x|mariadb-dump|-p***|"},
    {"sshpass|-p|123|ssh|h|", "sshpass|-p|***|ssh|h|"},
    {"sshpass|-p123|curl|-u|a:456|h|", "sshpass|-p***|curl|-u|a:***|h|"},
    {"curl|-u|me:1:2|h|", "curl|-u|me:***|h|"},
    {"curl|-ume:123|h|", "curl|-ume:***|h|"},
    {"curl|-fsSu|me:123|h|", "curl|-fsSu|me:***|h|"},
    {"curl|--user|me:123|h|", "curl|--user|me:***|h|"},
    {"curl|--user=me:123|--proxy-user|x:456|h|", "curl|--user=me:***|--proxy-user|x:***|h|"},
    {"wget|--user|me:123|--password=456|h|", "wget|--user|me:***|--password=***|h|"},
    {"redis-cli|-a|123|", "redis-cli|-a|***|"},
    {"smbclient|-U|me%123|", "smbclient|-U|me%***|"},
    {"zip|-rP|123|x.zip|", "zip|-rP|***|x.zip|"},
    {"ldapsearch|-x|-w|123|", "ldapsearch|-x|-w|***|"},
    {"docker|login|-u|me|-p|123|host|", "docker|login|-u|me|-p|***|host|"},
    {"podman|login|-p123|host|", "podman|login|-p***|host|"},
    {"az|login|-u|me|-p|123|", "az|login|-u|me|-p|***|"},
    {"twine|upload|-u|me|-p|123|x.whl|", "twine|upload|-u|me|-p|***|x.whl|"},
    {"mycli|-p123|db|", "mycli|-p***|db|"},
    {"mosquitto_pub|-p|x|-u|me|-P|123|-t|a|", "mosquitto_pub|-p|x|-u|me|-P|***|-t|a|"},
    {"bcp|t|out|f|-U|me|-P123|", "bcp|t|out|f|-U|me|-P***|"},
    {"ssh-keygen|-t|rsa|-N|1 2|-f|x|", "ssh-keygen|-t|rsa|-N|***|-f|x|"},
    {"ssh-keygen|-p|-P|12|-N|34|", "ssh-keygen|-p|-P|***|-N|***|"},
    {"http|-a|me:123|h|", "http|-a|me:***|h|"},
    {"https|-ame:123|h|", "https|-ame:***|h|"},
    {"mysqladmin|-u|root|password|123|", "mysqladmin|-u|root|password|***|"},
    {"mariadb-admin|password|123|", "mariadb-admin|password|***|"},
    {"htpasswd|-b|f|me|123|", "htpasswd|-b|f|me|***|"},
    {"htpasswd|-cbB|-C|x|f|me|123|", "htpasswd|-cbB|-C|x|f|me|***|"},
    {"htpasswd|-nb|me|123|", "htpasswd|-nb|me|***|"},
    {"htpasswd|-n|-b|me|123|", "htpasswd|-n|-b|me|***|"},
    // A shell's command line in one argument.
    {"sh|-c|mysql -uroot -p123 db|", "sh|-c|mysql -uroot -p*** db|"},
    {"sh|-c|mysql -p'1 2' db|", "sh|-c|mysql -p*** db|"},
    {"sh|-c|x --password 123 y|", "sh|-c|x --password *** y|"},
    {"sh|-c|x --password '1 2' y|", "sh|-c|x --password *** y|"},
    {"sh|-c|x \"--password\" \"1 2\" y|", "sh|-c|x \"--password\" *** y|"},
    {"sh|-c|cd x; PASSWORD=1\\ 2 make|", "sh|-c|cd x; PASSWORD=*** make|"},
    {"sh|-c|curl -H 'Authorization: Bearer 123' h|", "sh|-c|curl -H 'Authorization: ***' h|"},
    {"sh|-c|curl -su me:123 h|", "sh|-c|curl -su me:*** h|"},
    {"sh|-c|curl \"-u\" \"me:1 2\" h|", "sh|-c|curl \"-u\" \"me:***\" h|"},
    {"sh|-c|export TOKEN=123\nmake|", "sh|-c|export TOKEN=***\nmake|"},
    {"sh|-c|mysqladmin password 123; x|", "sh|-c|mysqladmin password *** x|"},
    {"sh|-c|htpasswd -b f me '1 2' y|", "sh|-c|htpasswd -b f me *** y|"},
    // Brackets and quotes in each other.
    {"sh|-c|mysql --password=$(cat secret134) db|", "sh|-c|mysql --password=*** db|"},
    {"sh|-c|mysql -p$(cat secret134) db|", "sh|-c|mysql -p*** db|"},
    {"sh|-c|x --password $(a $(b 1) 2) y|", "sh|-c|x --password *** y|"},
    {"sh|-c|x --password=\"$(cat \"1 2\" 3)\" y|", "sh|-c|x --password=*** y|"},
    {"sh|-c|x \"--password=$(cat \"1 2\")\" y|", "sh|-c|x \"--password=***\" y|"},
    {"sh|-c|x --password=`cat '1 2'` y|", "sh|-c|x --password=*** y|"},
    {"sh|-c|x --password=${P:-1 2} y|", "sh|-c|x --password=*** y|"},
    {"sh|-c|x --password=<(cat 1 2) y|", "sh|-c|x --password=*** y|"},
    {"sh|-c|x --password=$(echo ')' 1) y|", "sh|-c|x --password=*** y|"},
    {"sh|-c|x;PASSWORD=$(cat 1; cat 2);y|", "sh|-c|x;PASSWORD=***;y|"},
    {"python|-c|login(password=get('1', 2), user='x')|", "python|-c|login(password=***|"},
};

const char* const kNoSecrets[] = {
    "",
    "|",
    "||||",
    "true|",
    "ls|-p|",
    "mkdir|-p|x|",
    "ssh|-p|22|host|",
    "grep|password|file|",
    "grep|-e|token|secret.txt|",
    "tokenize|x|",
    "tokenizer|--tokenizer|x|",
    "env|TOKENIZERS_PARALLELISM=false|x|",
    "llm|--max-tokens|100|--max-tokens=100|",
    "git|commit|--author=x|--author|y|",
    "git|log|--author=me <me@host>|",
    "x|--authority=y|--bypass=2|--compass|z|",
    "ld|-plugin-opt=-pass-through=-lgcc|",
    "x|--keyword=y|--key|z|--monkey=1|",
    "docker|run|-p|80:80|auth:latest|auth-service:1.2|secret-host:22|",
    "docker|run|--name|x|mysql:8|password|y|",
    "ssh-keygen|-t|rsa|-N||-f|x|",
    "htpasswd|-c|f|me|",
    "http|h|-a|me|",
    "curl|http://auth:8080/x|",
    "curl|http://host:8080/@scope/x|",
    "curl|http://[::1]:8080/|",
    "curl|https://host/a:b@c|",
    "git|clone|ssh://git@host:22/x|",
    "git|clone|https://me@host/x|",
    "git|clone|git@host:x|",
    "curl|-u|me|h|",
    "curl|-U|me|-A|x:y|",
    "curl|--user-agent|a:b|",
    "mysql|-u|root|-P|3306|-h|db|",
    "x|--password=|y|",
    "x|--password||y|",
    "x|TOKEN=|",
    "gcc|-std=c++20|-O2|-DNDEBUG|-Iinclude|-c|password.cc|-o|token.o|",
    "/usr/lib/secret/x|/etc/mysql/y|-p|z|",
    "rsync|-a|auth:/x|y|",
    "x|--password",
    "x|--pass",
};

class ArgMaskTest : public testing::Test {
 protected:
  std::string Masked(const std::string& raw) { return Shown(mask_.Apply(raw)); }

  ArgMask mask_;
};

TEST_F(ArgMaskTest, SecretsAreMasked) {
  for (const Case& example : kSecrets) EXPECT_EQ(Masked(Raw(example.args)), example.masked);
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
  for (const Case& example : kSecrets) {
    const std::string raw = Raw(example.args);
    for (size_t bytes = 0; bytes <= raw.size(); ++bytes) {
      EXPECT_THAT(Masked(raw.substr(0, bytes)), Not(ContainsRegex("[0-9]"))) << Shown(raw);
    }
  }
}

TEST_F(ArgMaskTest, OneArgumentAfterTheOtherNoneHidesItsNeighbour) {
  for (const Case& first : kSecrets) {
    for (const Case& second : kSecrets) {
      const std::string raw = Raw(std::string(first.args) + second.args);
      EXPECT_THAT(Masked(raw), Not(ContainsRegex("[0-9]"))) << Shown(raw);
    }
  }
}

TEST_F(ArgMaskTest, AnArgumentCannotHideWhatFollows) {
  const std::string masked = Masked(Raw("x|a'b|--password=123|\"|--token|456|\\|u://a:7@h|"));
  EXPECT_EQ(masked, "x|a'b|--password=***|\"|--token|***|\\|u://a:***@h|");
}

TEST_F(ArgMaskTest, MaskingTwiceIsMaskingOnce) {
  for (const Case& example : kSecrets) EXPECT_EQ(Masked(Raw(example.masked)), example.masked);
}

// Of pieces that mean something to it, so that they meet in every order.
std::string RandomArgs(std::mt19937& random) {
  static const char* const kPieces[] = {
      "password", "token", "bearer", "auth", "mysql", "curl",  "-p",       "-u", "--user",
      "--",       "-",     "=",      ":",    "://",   "@",     "/",        "|",  "|",
      " ",        "'",     "\"",     "\\",   "&",     ";",     ",",        "?",  "a",
      "\xff",     ">",     "***",    "\n",   "X-",    "-H",    "[",        "]",  "%",
      "$(",       ")",     "${",     "}",    "`",     "login", "htpasswd", "-b"};
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

// Repetitions of what a rule looks far for. Were time not linear, these would take minutes.
TEST_F(ArgMaskTest, LongArgumentsTakeLittleTime) {
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
                            "mysqladmin password ",
                            "login -p "}) {
    std::string raw = "curl|htpasswd|";
    while (raw.size() < kBytes) raw += piece;
    const auto begin = std::chrono::steady_clock::now();
    mask_.Apply(Raw(raw));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << piece;
  }
}

TEST_F(ArgMaskTest, WordsCanBeAdded) {
  ArgMask mask({"Frob", "my-pin"});
  const std::string raw = Raw("x|--frob=1|--FROBNICATE|2|MY_PIN=3|mypin:4|--password=5|--pin=a|");
  EXPECT_EQ(Shown(mask.Apply(raw)),
            "x|--frob=***|--FROBNICATE|***|MY_PIN=***|mypin:***|--password=***|--pin=a|");
}

TEST_F(ArgMaskTest, AWordHasLettersDigitsAndDashes) {
  for (const char* word : {"pin", "my-pin", "x5", "PIN"}) EXPECT_TRUE(ArgMask::IsWord(word));
  for (const char* word : {"", "x", "-x", "x-", "a b", "p=", "\xff\xff"}) {
    EXPECT_FALSE(ArgMask::IsWord(word)) << word;
  }
}

}  // namespace
}  // namespace daybook
