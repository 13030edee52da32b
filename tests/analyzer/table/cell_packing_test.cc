#include "table/cell_packing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace daybook {
namespace {

const std::string kLong(70'000, 'x');
const std::vector<Cell> kCells = {Cell(),
                                  true,
                                  false,
                                  uint64_t{0},
                                  uint64_t{255},
                                  uint64_t{256},
                                  UINT64_MAX,
                                  int64_t{0},
                                  int64_t{-1},
                                  INT64_MIN,
                                  INT64_MAX,
                                  Text{""},
                                  Text{"short"},
                                  Text{"a text that is worth a number"},
                                  Text{.bytes = "a text that is worth a number", .cut = true},
                                  Text{kLong}};

std::string Packed(RepeatedTexts* texts) {
  ByteBuffer packed;
  for (const Cell& cell : kCells) PackCell(cell, texts, &packed);
  return std::string(packed.text());
}

void ExpectCells(const std::string& packed, const RepeatedTexts* texts) {
  const char* at = packed.data();
  for (const Cell& expected : kCells) {
    Cell cell;
    at = UnpackCell(at, texts, &cell);
    EXPECT_EQ(cell, expected);
  }
  EXPECT_EQ(at, packed.data() + packed.size());
}

TEST(CellPackingTest, CellsComeBack) { ExpectCells(Packed(nullptr), nullptr); }

TEST(CellPackingTest, EqualCellsAreEqualBytes) { EXPECT_EQ(Packed(nullptr), Packed(nullptr)); }

TEST(CellPackingTest, FromTheirSecondComingOnTextsTakeNoPlace) {
  RepeatedTexts texts;
  const std::string first = Packed(&texts);
  const std::string second = Packed(&texts);
  const std::string third = Packed(&texts);
  EXPECT_EQ(first, Packed(nullptr));
  EXPECT_LT(second.size(), first.size() - kLong.size());
  EXPECT_EQ(third, second);
  ExpectCells(first, &texts);
  ExpectCells(second, &texts);
}

TEST(CellPackingTest, BeyondTheirMemoryNoMoreTextsAreKept) {
  RepeatedTexts texts(1);
  const std::string known = "a text that came in time";
  const std::string other = "a text that came too late";
  EXPECT_EQ(texts.Find(known), nullptr);
  ASSERT_NE(texts.Find(known), nullptr);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(texts.Find(other), nullptr);
  ASSERT_NE(texts.Find(known), nullptr);
  EXPECT_EQ(texts[*texts.Find(known)], known);
}

// Texts of one size that begin and end alike share a slot, and may push each other out.
TEST(CellPackingTest, TextsAreNotTakenForOthers) {
  RepeatedTexts texts;
  for (int round = 0; round < 4; ++round) {
    for (char c = 'a'; c <= 'z'; ++c) {
      const std::string text = std::string("12345678") + c + "12345678";
      for (int i = 0; i < round; ++i) {
        ByteBuffer packed;
        PackCell(Text{text}, &texts, &packed);
        Cell cell;
        UnpackCell(packed.text().data(), &texts, &cell);
        EXPECT_EQ(cell, Cell(Text{text}));
      }
    }
  }
}

}  // namespace
}  // namespace daybook
