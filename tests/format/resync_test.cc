#include "resync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "cookie.h"
#include "layout.h"

namespace daybook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint8_t kType = Schema<Fork>::kType;

std::vector<uint8_t> Record(size_t payload_bytes, uint8_t fill = 'x', uint8_t type = kType) {
  std::vector<uint8_t> bytes = {kCookie[0], kCookie[1], type, static_cast<uint8_t>(payload_bytes)};
  bytes.insert(bytes.end(), payload_bytes, fill);
  return bytes;
}

std::vector<uint8_t> Join(const std::vector<std::vector<uint8_t>>& parts) {
  std::vector<uint8_t> bytes;
  for (const auto& part : parts) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

std::vector<Chain> Find(const std::vector<uint8_t>& bytes, bool begins, bool ends) {
  return FindChains(bytes, {0, bytes.size(), begins, ends}, LengthBounds(TypeRegistry()));
}

TEST(ChainsTest, OneRecordIsBelievedWhereAnEndAnchorsIt) {
  const auto bytes = Join({Record(20), {1, 2, 3}, Record(30)});
  EXPECT_THAT(Find(bytes, true, true), ElementsAre(Chain{0, 24, 1}, Chain{27, 61, 1}));
  EXPECT_THAT(Find(bytes, true, false), ElementsAre(Chain{0, 24, 1}));
  EXPECT_THAT(Find(bytes, false, true), ElementsAre(Chain{27, 61, 1}));
  EXPECT_THAT(Find(bytes, false, false), IsEmpty());
}

TEST(ChainsTest, AnIslandNeedsThreeHeaders) {
  const std::vector<uint8_t> noise(5, 0);
  const auto two = Join({noise, Record(20), Record(20), noise});
  const auto three = Join({noise, Record(20), Record(20), Record(20), noise});
  EXPECT_THAT(Find(two, true, true), IsEmpty());
  EXPECT_THAT(Find(three, true, true), ElementsAre(Chain{5, 77, 3}));
}

TEST(ChainsTest, ABrokenRecordCostsOnlyItself) {
  auto bytes = Join({Record(20), Record(20), Record(20), Record(20)});
  bytes[24] = 0;  // the second one's cookie
  EXPECT_THAT(Find(bytes, true, true), ElementsAre(Chain{0, 24, 1}, Chain{48, 96, 2}));
}

TEST(ChainsTest, AWrongLengthCostsNoOtherRecord) {
  auto bytes = Join({Record(20), Record(20), Record(20), Record(20)});
  bytes[24 + kLengthOffset] = 22;  // runs into the third, which is found all the same
  EXPECT_THAT(Find(bytes, true, true), ElementsAre(Chain{0, 50, 2}, Chain{48, 96, 2}));
  bytes[24 + kLengthOffset] = 60;  // to within the last
  EXPECT_THAT(Find(bytes, true, true), ElementsAre(Chain{0, 88, 2}, Chain{48, 96, 2}));
  bytes[24 + kLengthOffset] = 200;  // beyond the end
  EXPECT_THAT(Find(bytes, true, true), ElementsAre(Chain{0, 24, 1}, Chain{48, 96, 2}));
}

TEST(ChainsTest, AWrongLengthInTheTailCostsNoOtherRecordWhereEnoughFollow) {
  auto bytes = Join({Record(20), Record(20), Record(20), Record(20)});
  bytes[kLengthOffset] = 25;
  EXPECT_THAT(Find(bytes, true, false), ElementsAre(Chain{0, 29, 1}, Chain{24, 96, 3}));
}

// The arguments of the last record before the damage look like records.
TEST(ChainsTest, WhatLiesWithinTheLastRecordOfTheFirstChainIsItsPayload) {
  auto large = Record(200, 'x', Schema<Exec>::kType);
  const auto small = Join({Record(20), Record(20), Record(20), Record(20)});
  std::copy(small.begin(), small.end(), large.begin() + 30);
  const auto bytes = Join({large, {0, 0, 0}});
  EXPECT_THAT(Find(bytes, true, false), ElementsAre(Chain{0, 204, 1}));
  EXPECT_THAT(Find(bytes, true, true), ElementsAre(Chain{0, 204, 1}));
}

TEST(ChainsTest, ATailNeedsFourHeadersOrTwoThatEndWithTheFile) {
  const std::vector<uint8_t> noise(5, 0);
  const auto record = Record(20);
  EXPECT_THAT(Find(Join({noise, record, record, record, noise}), true, false), IsEmpty());
  EXPECT_THAT(Find(Join({noise, record, record, record, record, noise}), true, false),
              ElementsAre(Chain{5, 101, 4}));
  EXPECT_THAT(Find(Join({noise, record}), true, false), IsEmpty());
  EXPECT_THAT(Find(Join({noise, record, record}), true, false), ElementsAre(Chain{5, 53, 2}));
}

// A type that the log itself describes, and bounds that it gives.
TEST(ChainsTest, TheLogSaysWhichLengthsMakeSense) {
  constexpr uint8_t kUnknown = 0x70;
  TypeRegistry types;
  types.Learn({.type = kUnknown, .min_bytes = 10, .max_bytes = 300, .name = "later"});
  types.Learn({.type = kType, .min_bytes = 25, .max_bytes = 30, .name = "longer"});
  const LengthBounds bounds(types);
  const auto find = [&](const std::vector<uint8_t>& bytes) {
    return FindChains(bytes, {0, bytes.size(), true, true}, bounds);
  };
  EXPECT_THAT(find(Record(255, 'x', kUnknown)), ElementsAre(Chain{0, 259, 1}));
  EXPECT_THAT(find(Record(9, 'x', kUnknown)), IsEmpty());
  EXPECT_THAT(find(Record(20)), IsEmpty());
  EXPECT_THAT(find(Record(25)), ElementsAre(Chain{0, 29, 1}));
}

TEST(ChainsTest, TypesAndLengthsThatMakeNoSenseAreNoHeaders) {
  EXPECT_THAT(Find(Record(20, 'x', 0x70), true, true), IsEmpty()) << "no such type";
  EXPECT_THAT(Find(Record(2), true, true), IsEmpty()) << "too short for a fork";
}

TEST(ChainsTest, OfOverlappingIslandsThoseThatCoverMostAreTaken) {
  // Three small records inside the payload of a record that is one of four large ones.
  const auto plain = Record(200, 'x', Schema<Exec>::kType);
  auto large = plain;
  const auto small = Join({Record(20), Record(20), Record(20)});
  std::copy(small.begin(), small.end(), large.begin() + 30);
  const auto bytes = Join({{0}, large, plain, plain, plain, {0}});
  EXPECT_THAT(Find(bytes, false, false), ElementsAre(Chain{1, 1 + 4 * plain.size(), 4}));
}

// The reference: the definition, byte by byte.
std::vector<Chain> AllChains(const std::vector<uint8_t>& bytes, const LengthBounds& bounds) {
  std::vector<Chain> chains;
  for (size_t begin = 0; begin < bytes.size(); ++begin) {
    Chain chain{begin, begin, 0};
    for (;;) {
      const auto header = ReadHeader(bytes, chain.end);
      if (!header || !bounds.Allow(*header)) break;
      chain.end = header->end;
      ++chain.records;
    }
    if (chain.records > 0) chains.push_back(chain);
  }
  return chains;
}

TEST(ChainsTest, EveryChainThatIsFoundIsOneByTheDefinition) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint8_t> bytes;
    while (bytes.size() < 600) {
      const auto part = random() % 3 == 0
                            ? std::vector<uint8_t>(random() % 9, kCookie[random() % 2])
                            : Record(10 + random() % 60, kCookie[random() % 2]);
      bytes.insert(bytes.end(), part.begin(), part.end());
    }
    for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    const auto all = AllChains(bytes, LengthBounds(TypeRegistry()));
    const auto found = Find(bytes, true, true);
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NE(std::ranges::find(all, found[i]), all.end()) << "round " << round;
      // Only behind the first one, and only by its last record.
      if (i > 1) {
        EXPECT_GE(found[i].begin, found[i - 1].end) << "round " << round;
      }
      if (i == 1) {
        EXPECT_GT(found[i].end, found[0].end) << "round " << round;
      }
    }
  }
}

TEST(FindCookieTest, FindsEveryCookieAtEveryPlaceAndNothingElse) {
  for (size_t size = 0; size < 150; ++size) {
    for (size_t at = 0; at + 1 < size; ++at) {
      std::vector<uint8_t> bytes(size, kCookie[0]);
      bytes[at + 1] = kCookie[1];
      EXPECT_EQ(FindCookie(bytes, 0, size), at) << size;
      EXPECT_EQ(FindCookie(bytes, at, size), at) << size;
      EXPECT_EQ(FindCookie(bytes, at + 1, size), size) << size;
      EXPECT_EQ(FindCookie(bytes, 0, at + 1), at + 1) << "the second byte is outside";
    }
  }
}

TEST(FindCookieTest, FindsEveryHeaderOfATypeAndNoOther) {
  for (size_t size = 0; size < 150; ++size) {
    for (size_t at = 0; at + 2 < size; ++at) {
      std::vector<uint8_t> bytes(size, kCookie[0]);
      bytes[at + 1] = kCookie[1];
      bytes[at + 2] = kType;
      EXPECT_EQ(FindCookieOfType(bytes, 0, kType), at) << size;
      EXPECT_EQ(FindCookieOfType(bytes, at, kType), at) << size;
      EXPECT_EQ(FindCookieOfType(bytes, at + 1, kType), size) << size;
      EXPECT_EQ(FindCookieOfType(bytes, 0, kType + 1), size) << size;
      EXPECT_EQ(FindCookieOfType(std::span(bytes).first(at + 2), 0, kType), at + 2) << size;
    }
  }
}

}  // namespace
}  // namespace daybook
