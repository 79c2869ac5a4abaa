#include <linux/netlink.h>

#include <array>
#include <limits>
#include <string>

#include "support.h"

namespace lvskit {
namespace {

using netlink::FormatError;
using netlink::Message;
using netlink::MessageReader;
using netlink::MessageWriter;
using test::Bytes;
using test::Copy;
using test::FirstMessage;
using test::Octets;
using test::Patch;

struct OddHeader {
  uint8_t first;
  uint8_t second;
  uint8_t third;
};

TEST_CASE("a message is written as the kernel's headers lay it out") {
  MessageWriter writer;
  writer.Begin(0x1234, NLM_F_DUMP, 7);
  writer.U8(1, 0x11);
  writer.U16(2, 0x2233);
  writer.U32(3, 0x44556677);
  writer.U64(4, 0x8899aabbccddeeff);
  writer.Flag(5);
  writer.String(6, "rr");
  writer.End();
  CHECK(Copy(writer.bytes()) ==
        Octets({0x40, 0, 0, 0, 0x34, 0x12, 0x01, 0x03, 7,    0,    0,    0,     //
                0,    0, 0, 0,                                                  //
                5,    0, 1, 0, 0x11, 0,    0,    0,                             //
                6,    0, 2, 0, 0x33, 0x22, 0,    0,                             //
                8,    0, 3, 0, 0x77, 0x66, 0x55, 0x44,                          //
                12,   0, 4, 0, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88,  //
                4,    0, 5, 0,                                                  //
                7,    0, 6, 0, 'r',  'r',  0,    0}));
}

TEST_CASE("a family's header of an odd size is padded to four bytes") {
  MessageWriter writer;
  writer.Begin(1, 0, 1);
  writer.Header(OddHeader{1, 2, 3});
  writer.U8(9, 9);
  writer.End();
  const Message message = FirstMessage(writer.bytes());
  CHECK(message.FixedHeader<OddHeader>().third == 3);
  netlink::AttributeReader attributes(message.AttributesAfter<OddHeader>());
  netlink::Attribute attribute;
  REQUIRE(attributes.Next(attribute));
  CHECK(attribute.type == 9);
  CHECK(attribute.U8() == 9);
  CHECK_FALSE(attributes.Next(attribute));
}

TEST_CASE("a nest's length covers what was written inside it") {
  MessageWriter writer;
  writer.Begin(1, 0, 1);
  const size_t outer = writer.BeginNest(1);
  const size_t inner = writer.BeginNest(2);
  writer.U8(3, 5);
  writer.EndNest(inner);
  writer.EndNest(outer);
  writer.End();
  CHECK(Copy(writer.bytes().subspan(sizeof(nlmsghdr))) ==
        Octets({16, 0, 1, 0, 12, 0, 2, 0, 5, 0, 3, 0, 5, 0, 0, 0}));
}

TEST_CASE("an attribute too long for its 16-bit length is refused") {
  MessageWriter writer;
  writer.Begin(1, 0, 1);
  const Bytes longest(std::numeric_limits<uint16_t>::max() - sizeof(nlattr));
  CHECK_NOTHROW(writer.Bytes(1, longest));
  const Bytes too_long(longest.size() + 1);
  CHECK_THROWS_AS(writer.Bytes(1, too_long), FormatError);
}

TEST_CASE("padding is zero also where something else was written before") {
  MessageWriter writer;
  for (const uint64_t filling : {UINT64_MAX, uint64_t{0}}) {
    writer.Clear();
    writer.Begin(1, 0, 1);
    if (filling != 0) {
      for (int count = 0; count < 8; ++count) writer.U64(0xffff, filling);
      continue;
    }
    writer.U8(1, 2);
    writer.Plain(3, std::array<uint8_t, 3>{4, 5, 6});
    writer.Bytes(7, Octets({8}));
    writer.String(9, "abcd");
  }
  CHECK(Copy(writer.bytes().subspan(sizeof(nlmsghdr))) ==
        Octets({5, 0, 1, 0, 2, 0, 0, 0, 7, 0, 3, 0, 4,   5,   6,   0,  //
                5, 0, 7, 0, 8, 0, 0, 0, 9, 0, 9, 0, 'a', 'b', 'c', 'd', 0, 0, 0, 0}));
}

TEST_CASE("only the message begun last asks for its acknowledgement") {
  MessageWriter writer;
  for (uint32_t sequence = 1; sequence <= 3; ++sequence) {
    writer.Begin(1, 0, sequence);
    writer.End();
  }
  writer.RequestAck();
  CHECK(writer.count() == 3);
  MessageReader reader(writer.bytes());
  Message message{};
  for (uint32_t sequence = 1; sequence <= 3; ++sequence) {
    REQUIRE(reader.Next(message));
    CHECK(message.header.nlmsg_seq == sequence);
    CHECK(((message.header.nlmsg_flags & NLM_F_ACK) != 0) == (sequence == 3));
  }
  CHECK_FALSE(reader.Next(message));
}

TEST_CASE("an empty batch has nothing to acknowledge, and clearing makes a batch empty") {
  MessageWriter writer;
  writer.RequestAck();
  CHECK(writer.bytes().empty());
  writer.Begin(1, 0, 1);
  writer.End();
  writer.Clear();
  CHECK(writer.bytes().empty());
  CHECK(writer.count() == 0);
}

TEST_CASE("messages are read one after another, the last one without its padding too") {
  MessageWriter writer;
  writer.Begin(1, 0, 1);
  writer.End();
  writer.Begin(2, 0, 2);
  writer.U8(1, 1);
  writer.End();
  Bytes datagram = Copy(writer.bytes());
  datagram.erase(datagram.end() - 3, datagram.end());
  Patch<uint32_t>(datagram, sizeof(nlmsghdr), static_cast<uint32_t>(datagram.size()) - 16);
  MessageReader reader(datagram);
  Message message{};
  REQUIRE(reader.Next(message));
  CHECK(message.payload.empty());
  REQUIRE(reader.Next(message));
  CHECK(message.payload.size() == 5);
  CHECK_FALSE(reader.Next(message));
}

TEST_CASE("a message whose length does not add up is refused") {
  Bytes datagram(24);
  MessageReader short_header(std::span<const std::byte>(datagram).first(15));
  Message message{};
  CHECK_THROWS_AS(short_header.Next(message), FormatError);

  for (const uint32_t length : {0U, 1U, 15U, 25U, 0x7fffffffU, 0xffffffffU}) {
    CAPTURE(length);
    Patch<uint32_t>(datagram, 0, length);
    MessageReader reader(datagram);
    CHECK_THROWS_AS(reader.Next(message), FormatError);
  }
  for (const uint32_t length : {16U, 23U, 24U}) {
    CAPTURE(length);
    Patch<uint32_t>(datagram, 0, length);
    MessageReader reader(datagram);
    CHECK(reader.Next(message));
    CHECK(message.payload.size() == length - 16);
  }
}

TEST_CASE("a message shorter than its family's header is refused") {
  MessageWriter writer;
  writer.Begin(1, 0, 1);
  writer.Header(uint16_t{1});
  writer.End();
  const Message message = FirstMessage(writer.bytes());
  CHECK(message.AttributesAfter<uint16_t>().empty());
  CHECK_THROWS_AS((void)message.AttributesAfter<uint64_t>(), FormatError);
  CHECK_THROWS_AS((void)message.FixedHeader<uint64_t>(), FormatError);
}

}  // namespace
}  // namespace lvskit
