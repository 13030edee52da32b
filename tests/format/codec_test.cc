// Round trip of every record type, whatever types there are: typed over the table itself.
#include "daybook/codec.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "daybook/schema.h"

namespace daybook {
namespace {

template <class T>
struct AsTypes;
template <class... Records>
struct AsTypes<TypeList<Records...>> {
  using type = testing::Types<Records...>;
};

// Converts to anything: counts the members of an aggregate.
struct Anything {
  template <class T>
  operator T() const {
    return T{};
  }
};
template <class Record, class... Members>
consteval size_t MemberCount() {
  if constexpr (requires { Record{Members{}..., Anything{}}; }) {
    return MemberCount<Record, Members..., Anything>();
  } else {
    return sizeof...(Members);
  }
}

const BlockBase kBase{.time_ticks = 777'000, .pid = 4242, .tick_ns = 1000};

class Filler {
 public:
  explicit Filler(uint32_t seed) : random_(seed) {}

  template <class F, class T>
  void Fill(const F& field, T* value) {
    if constexpr (internal::kIsOptional<T>) {
      value->reset();
      if (random_() % 4 != 0) Fill(field, &value->emplace());
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      *value = texts_.emplace_back(TextLength(), static_cast<char>(random_()));
    } else if constexpr (std::is_same_v<T, Id128>) {
      for (uint8_t& byte : value->bytes) byte = static_cast<uint8_t>(random_());
    } else if constexpr (std::is_enum_v<T>) {
      *value = static_cast<T>(1 + random_() % field.names.size());
    } else {
      *value = Number<T>(field.wire);
    }
  }

 private:
  size_t TextLength() { return random_() % 5 == 0 ? 300 + random_() % 4000 : random_() % 20; }

  template <class T>
  T Number(Wire wire) {
    const uint64_t bits = random_();
    uint64_t number = bits >> (random_() % 64);
    // Times are whole ticks within the range that ticks can express.
    if (wire == Wire::kTime || wire == Wire::kTicks) number = (number % (1ULL << 50)) * 1000;
    // An optional number cannot be the largest one.
    return static_cast<T>(number & (~uint64_t{0} >> 1));
  }

  std::mt19937_64 random_;
  std::vector<std::string> texts_ = MakeStorage();
  // Views into the strings must stay valid.
  static std::vector<std::string> MakeStorage() {
    std::vector<std::string> storage;
    storage.reserve(64);
    return storage;
  }
};

template <class Record>
std::vector<uint8_t> EncodeToBytes(const Record& record) {
  std::vector<uint8_t> bytes(MaxEncodedBytes(record));
  uint8_t* const end = Encode(record, kBase, bytes.data());
  bytes.resize(static_cast<size_t>(end - bytes.data()));
  return bytes;
}

template <class Record>
class CodecTest : public testing::Test {};
TYPED_TEST_SUITE(CodecTest, AsTypes<AllRecords>::type);

TYPED_TEST(CodecTest, TheTableListsEveryMember) {
  EXPECT_EQ(Schema<TypeParam>::kFields.kSize, MemberCount<TypeParam>());
}

TYPED_TEST(CodecTest, RandomRecordsComeBackAsTheyWere) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    Filler filler(seed);
    TypeParam record;
    internal::ForEachField<TypeParam>(
        [&](const auto& field) { filler.Fill(field, &(record.*field.member)); });
    const std::vector<uint8_t> bytes = EncodeToBytes(record);
    TypeParam read;
    ASSERT_TRUE(Decode(bytes, kBase, &read)) << "seed " << seed;
    ASSERT_EQ(read, record) << "seed " << seed;
  }
}

TYPED_TEST(CodecTest, TheDefaultRecordComesBack) {
  TypeParam read;
  ASSERT_TRUE(Decode(EncodeToBytes(TypeParam{}), kBase, &read));
  EXPECT_EQ(read, TypeParam{});
}

TYPED_TEST(CodecTest, EveryTruncationIsRefusedOrIsAnOlderRecordsPrefix) {
  Filler filler(1);
  TypeParam record;
  internal::ForEachField<TypeParam>(
      [&](const auto& field) { filler.Fill(field, &(record.*field.member)); });
  const std::vector<uint8_t> bytes = EncodeToBytes(record);
  for (size_t size = 0; size < bytes.size(); ++size) {
    TypeParam read;
    const auto prefix = std::span(bytes).first(size);
    if (!Decode(prefix, kBase, &read)) continue;
    std::vector<uint8_t> again = EncodeToBytes(read);
    // Where the encoder leaves out what is 0 at the end.
    if (again.size() < size) again.resize(size);
    EXPECT_TRUE(std::equal(prefix.begin(), prefix.end(), again.begin())) << "size " << size;
  }
}

// Readers use one record for all of its type: nothing of the one before may stay in it.
TYPED_TEST(CodecTest, WhatARecordHeldBeforeIsGone) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Filler filler(seed);
    TypeParam record;
    TypeParam used;
    internal::ForEachField<TypeParam>([&](const auto& field) {
      filler.Fill(field, &(record.*field.member));
      filler.Fill(field, &(used.*field.member));
    });
    const std::vector<uint8_t> bytes = EncodeToBytes(record);
    for (size_t size = 0; size <= bytes.size(); ++size) {
      TypeParam fresh;
      TypeParam again = used;
      const auto prefix = std::span(bytes).first(size);
      const bool is_read = Decode(prefix, kBase, &fresh);
      ASSERT_EQ(Decode(prefix, kBase, &again), is_read);
      if (!is_read) continue;
      ASSERT_EQ(again, fresh) << "seed " << seed << ", size " << size;
    }
  }
}

TYPED_TEST(CodecTest, BytesOfANewerWriterAreIgnored) {
  TypeParam record;
  // Whoever writes more fields writes all of those before them.
  if constexpr (std::is_same_v<TypeParam, WholeLife>) record.args = "";
  std::vector<uint8_t> bytes = EncodeToBytes(record);
  bytes.insert(bytes.end(), {0xFF, 0xFF, 0xFF});
  TypeParam read;
  ASSERT_TRUE(Decode(bytes, kBase, &read));
  EXPECT_EQ(read, record);
}

TYPED_TEST(CodecTest, TheSchemaReadsWhatTheEncoderWrote) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    Filler filler(seed);
    TypeParam record;
    internal::ForEachField<TypeParam>(
        [&](const auto& field) { filler.Fill(field, &(record.*field.member)); });
    const std::vector<uint8_t> bytes = EncodeToBytes(record);
    const TypeInfo* type = nullptr;
    for (const TypeInfo& candidate : BuiltinTypes()) {
      if (candidate.type == Schema<TypeParam>::kType) type = &candidate;
    }
    ASSERT_NE(type, nullptr);
    const DecodedFields decoded = DecodeFields(*type, bytes, kBase);
    EXPECT_TRUE(decoded.rest.empty());
    ASSERT_GE(decoded.values.size(), internal::LeastFields<TypeParam>());
    ASSERT_LE(decoded.values.size(), type->fields.size());
  }
}

// A byte for each of the fields that are always there.
TEST(CodecLimitsTest, WhatALifeDoesNotHaveTakesNoRoomAtItsEnd) {
  const uint64_t now_ns = kBase.time_ticks * kBase.tick_ns;
  WholeLife life{.time_ns = now_ns, .pid = kBase.pid, .ppid = kBase.pid, .parent_start_ns = now_ns};
  EXPECT_EQ(EncodeToBytes(life).size(), Schema<WholeLife>::kLeastFields);
  life.minflt = 1;
  const std::vector<uint8_t> bytes = EncodeToBytes(life);
  EXPECT_EQ(bytes.back(), 1);
  WholeLife read;
  ASSERT_TRUE(Decode(bytes, kBase, &read));
  EXPECT_EQ(read, life);
}

TEST(CodecLimitsTest, ANumberTooLargeForItsMemberIsRefused) {
  std::vector<uint8_t> bytes;
  uint8_t buffer[kMaxVarintBytes];
  uint8_t* const end = PutVarint(buffer, uint64_t{1} << 32);
  bytes.assign(buffer, end);
  Continuation read;
  EXPECT_FALSE(Decode(bytes, kBase, &read));
}

TEST(CodecLimitsTest, UnknownAndZeroAreDifferent) {
  Exit known;
  known.cpu_us = 0;
  Exit read;
  ASSERT_TRUE(Decode(EncodeToBytes(known), kBase, &read));
  EXPECT_EQ(read.cpu_us, 0u);
  EXPECT_EQ(read.utime_us, std::nullopt);
}

// It would tell a reason that nobody gave.
TEST(CodecLimitsTest, AnAbsentFieldIsZeroWhateverRecordsAreMadeWith) {
  SegmentEnd end;
  ASSERT_NE(end.reason, EndReason{0});
  ASSERT_TRUE(Decode({}, BlockBase{}, &end));
  EXPECT_EQ(end.reason, EndReason{0});
}

}  // namespace
}  // namespace daybook
