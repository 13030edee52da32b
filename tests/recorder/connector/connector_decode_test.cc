#include "connector/connector_decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include <cstring>
#include <vector>

namespace daybook {
namespace {

using Bytes = std::vector<std::byte>;

template <class Value>
void Put(const Value& value, Bytes& bytes) {
  const auto* begin = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), begin, begin + sizeof(value));
}

// A message as the kernel makes it: 76 bytes, whatever its type.
struct Message {
  uint32_t type = kConnectorExec;
  std::vector<uint32_t> words;
  uint32_t cpu = 3;
  uint32_t seq = 17;
  uint32_t ack = 0;
  uint32_t idx = CN_IDX_PROC;
  uint32_t val = CN_VAL_PROC;
  uint16_t netlink_type = NLMSG_DONE;
  std::optional<uint16_t> message_bytes;
  std::optional<uint32_t> netlink_bytes;

  Bytes Build() const {
    Bytes bytes;
    Put(netlink_bytes.value_or(76), bytes);
    Put(netlink_type, bytes);
    Put(uint16_t{0}, bytes);  // flags
    Put(seq, bytes);
    Put(uint32_t{0}, bytes);  // port
    Put(idx, bytes);
    Put(val, bytes);
    Put(seq, bytes);
    Put(ack, bytes);
    Put(message_bytes.value_or(40), bytes);
    Put(uint16_t{0}, bytes);  // flags
    Put(type, bytes);
    Put(cpu, bytes);
    Put(uint64_t{123'456'789'012}, bytes);
    for (const uint32_t word : words) Put(word, bytes);
    bytes.resize(76);
    return bytes;
  }

  std::optional<ConnectorEvent> Decode() const { return DecodeConnector(Build(), 0); }
};

TEST(ConnectorDecodeTest, AMessageOfTheKernelIsAsLongAsOurs) {
  EXPECT_EQ(sizeof(nlmsghdr) + sizeof(cn_msg) + sizeof(proc_event), 76u);
}

TEST(ConnectorDecodeTest, EachMessageHasItsPlaceInTheStream) {
  const auto event = Message{.words = {11, 10}}.Decode();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, kConnectorExec);
  EXPECT_EQ(event->cpu, 3u);
  EXPECT_EQ(event->seq, 17u);
  EXPECT_EQ(event->monotonic_ns, 123'456'789'012u);
  EXPECT_EQ(event->pid, 10u);
  EXPECT_EQ(event->tid, 11u);
}

TEST(ConnectorDecodeTest, AForkIsOfTheChild) {
  const auto event = Message{.type = kConnectorFork, .words = {6, 5, 11, 10}}.Decode();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->pid, 10u);
  EXPECT_EQ(event->tid, 11u);
  EXPECT_EQ(event->ppid, 5u);
}

TEST(ConnectorDecodeTest, AnExitHasTheCodeAndTheParent) {
  const auto event =
      Message{.type = kConnectorExit, .words = {11, 10, 0x8b, UINT32_MAX, 6, 5}}.Decode();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->pid, 10u);
  EXPECT_EQ(event->tid, 11u);
  EXPECT_EQ(event->exit_code, 0x8bu);
  EXPECT_EQ(event->ppid, 5u);
}

TEST(ConnectorDecodeTest, IdsAreRealAndEffective) {
  for (const uint32_t type : {kConnectorUid, kConnectorGid}) {
    const auto event = Message{.type = type, .words = {10, 10, 1001, 1002}}.Decode();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, type);
    EXPECT_EQ(event->real_id, 1001u);
    EXPECT_EQ(event->effective_id, 1002u);
  }
}

TEST(ConnectorDecodeTest, ASessionATracerAndAName) {
  const auto session = Message{.type = kConnectorSession, .words = {10, 10}}.Decode();
  ASSERT_TRUE(session);
  EXPECT_EQ(session->pid, 10u);
  const auto traced = Message{.type = kConnectorPtrace, .words = {10, 10, 8, 7}}.Decode();
  ASSERT_TRUE(traced);
  EXPECT_EQ(traced->tracer_pid, 7u);
  std::vector<uint32_t> words = {10, 10, 0, 0, 0, 0};
  std::memcpy(&words[2], "a (b) c", 7);
  const auto renamed = Message{.type = kConnectorComm, .words = words}.Decode();
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->Comm(), "a (b) c");
}

TEST(ConnectorDecodeTest, ANameMayFillItsField) {
  std::vector<uint32_t> words = {10, 10, 0, 0, 0, 0};
  std::memcpy(&words[2], "0123456789abcdef", 16);
  EXPECT_EQ((Message{.type = kConnectorComm, .words = words}.Decode()->Comm()), "0123456789abcdef");
}

TEST(ConnectorDecodeTest, AnAnswerHasItsError) {
  const auto event = Message{.type = kConnectorAck, .words = {1}, .ack = 8}.Decode();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->error, 1u);
  EXPECT_EQ(event->ack, 8u);
}

// Their numbers count: who drops them would see losses.
TEST(ConnectorDecodeTest, UnknownTypesAreEventsToo) {
  const auto event = Message{.type = 0x400, .words = {1, 2, 3, 4, 5, 6}}.Decode();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, 0x400u);
  EXPECT_EQ(event->seq, 17u);
}

TEST(ConnectorDecodeTest, WhatAnotherProcessSendsIsNoEvent) {
  const Bytes bytes = Message{.words = {11, 10}}.Build();
  EXPECT_TRUE(DecodeConnector(bytes, 0));
  EXPECT_FALSE(DecodeConnector(bytes, 4711));
}

TEST(ConnectorDecodeTest, EveryTruncationIsRefused) {
  for (const uint32_t type :
       {kConnectorAck, kConnectorFork, kConnectorExec, kConnectorUid, kConnectorGid,
        kConnectorSession, kConnectorPtrace, kConnectorComm, kConnectorCoredump, kConnectorExit}) {
    const Bytes bytes = Message{.type = type, .words = {1, 2, 3, 4, 5, 6}}.Build();
    ASSERT_TRUE(DecodeConnector(bytes, 0));
    for (size_t length = 0; length < bytes.size(); ++length) {
      // A copy without room behind it: reading on would be seen.
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
      EXPECT_FALSE(DecodeConnector(cut, 0)) << "type " << type << ", bytes " << length;
    }
  }
}

// Lengths that agree with each other, but not with the type.
TEST(ConnectorDecodeTest, AnEventShorterThanItsTypeIsRefused) {
  const std::pair<uint32_t, uint16_t> needed[] = {
      {kConnectorAck, 1},  {kConnectorFork, 4},    {kConnectorExec, 2},   {kConnectorUid, 4},
      {kConnectorGid, 4},  {kConnectorSession, 2}, {kConnectorPtrace, 4}, {kConnectorComm, 6},
      {kConnectorExit, 4}, {kConnectorCoredump, 2}};
  for (const auto& [type, words] : needed) {
    Message message{.type = type, .words = {1, 2, 3, 4, 5, 6}};
    message.message_bytes = static_cast<uint16_t>(16 + 4 * words);
    EXPECT_TRUE(message.Decode()) << type;
    message.message_bytes = static_cast<uint16_t>(16 + 4 * words - 1);
    EXPECT_FALSE(message.Decode()) << type;
  }
}

TEST(ConnectorDecodeTest, LengthsThatLieAreRefused) {
  EXPECT_FALSE((Message{.message_bytes = 41}.Decode()));
  EXPECT_FALSE((Message{.message_bytes = UINT16_MAX}.Decode()));
  EXPECT_FALSE((Message{.netlink_bytes = 77}.Decode()));
  EXPECT_FALSE((Message{.netlink_bytes = 15}.Decode()));
  EXPECT_FALSE((Message{.netlink_bytes = 0}.Decode()));
  EXPECT_FALSE((Message{.netlink_bytes = UINT32_MAX}.Decode()));
}

TEST(ConnectorDecodeTest, MessagesOfOthersAreRefused) {
  EXPECT_FALSE((Message{.idx = CN_IDX_PROC + 1}.Decode()));
  EXPECT_FALSE((Message{.val = CN_VAL_PROC + 1}.Decode()));
  EXPECT_FALSE((Message{.netlink_type = NLMSG_ERROR}.Decode()));
}

TEST(ConnectorDecodeTest, AnEventThatHasGrownIsRead) {
  Message message{.type = kConnectorExit, .words = {11, 10, 256, 17, 6, 5}};
  message.message_bytes = 48;
  message.netlink_bytes = 84;
  Bytes bytes = message.Build();
  bytes.resize(84);
  const auto event = DecodeConnector(bytes, 0);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->exit_code, 256u);
}

// ---- Losses ----

ConnectorEvent Numbered(uint32_t cpu, uint32_t seq) {
  ConnectorEvent event;
  event.type = kConnectorExec;
  event.cpu = cpu;
  event.seq = seq;
  return event;
}

TEST(ConnectorSequenceTest, EachProcessorCountsByItself) {
  ConnectorSequence sequence;
  EXPECT_EQ(sequence.MissingBefore(Numbered(0, 100)), 0u);
  EXPECT_EQ(sequence.MissingBefore(Numbered(1, 5)), 0u);
  EXPECT_EQ(sequence.MissingBefore(Numbered(0, 101)), 0u);
  EXPECT_EQ(sequence.MissingBefore(Numbered(1, 9)), 3u);
  EXPECT_EQ(sequence.MissingBefore(Numbered(0, 102)), 0u);
  EXPECT_EQ(sequence.MissingBefore(Numbered(1, 10)), 0u);
}

TEST(ConnectorSequenceTest, NumbersWrapAround) {
  ConnectorSequence sequence;
  EXPECT_EQ(sequence.MissingBefore(Numbered(0, UINT32_MAX)), 0u);
  EXPECT_EQ(sequence.MissingBefore(Numbered(0, 0)), 0u);
  EXPECT_EQ(sequence.MissingBefore(Numbered(0, 3)), 2u);
}

TEST(ConnectorSequenceTest, AnswersOfOldKernelsHaveNoPlaceInIt) {
  ConnectorSequence sequence;
  EXPECT_EQ(sequence.MissingBefore(Numbered(UINT32_MAX, 77)), 0u);
  EXPECT_EQ(sequence.MissingBefore(Numbered(UINT32_MAX, 12)), 0u);
}

}  // namespace
}  // namespace daybook
