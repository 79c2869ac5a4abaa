#include "packet/icmp.h"

#include <arpa/inet.h>

#include <algorithm>

#include "support.h"

namespace lvskit {
namespace {

using packet::EchoAnswer;
using packet::EchoKey;
using test::Bytes;
using test::Octets;

constexpr EchoKey kKey{.identifier = 0x1234, .sequence = 0x5678};

Bytes Join(std::initializer_list<Bytes> parts) {
  Bytes whole;
  for (const Bytes& part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

/// An IPv4 header without options, to 192.0.2.7.
Bytes Ip4(int protocol) {
  return Octets({0x45, 0, 0, 36, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 192, 0, 2, 7});
}

Bytes Ip6(int next_header) {
  Bytes header = Octets({0x60, 0, 0, 0, 0, 16, next_header, 64});
  for (const char* text : {"2001:db8::1", "2001:db8::7"}) {
    packet::Ipv6Address address;
    REQUIRE(::inet_pton(AF_INET6, text, address.data()) == 1);
    header.insert(header.end(), address.begin(), address.end());
  }
  return header;
}

Bytes Icmp(int type, int code) { return Octets({type, code, 0, 0, 0x12, 0x34, 0x56, 0x78}); }

bool IsOurs(const EchoAnswer& answer) {
  return answer.key.identifier == kKey.identifier && answer.key.sequence == kKey.sequence;
}

TEST_CASE("an echo request is written as RFC 792 lays it out, its checksum too") {
  const auto bytes = packet::EncodeEcho4(kKey);
  CHECK(Bytes(bytes.begin(), bytes.end()) ==
        Octets({8, 0, 0x45, 0xfd, 0x12, 0x34, 0x56, 0x78, 'l', 'v', 's', 'k', 'i', 't', 0, 0}));
  const auto six = packet::EncodeEcho6(kKey);
  CHECK(Bytes(six.begin(), six.end()) ==
        Octets({128, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 'l', 'v', 's', 'k', 'i', 't', 0, 0}));
}

TEST_CASE("an echo reply is read, also behind an IPv4 header with options") {
  const auto plain = packet::DecodeEcho4(Join({Ip4(1), Icmp(0, 0)}));
  REQUIRE(plain.has_value());
  CHECK(IsOurs(*plain));
  CHECK(plain->error == 0);
  Bytes header = Ip4(1);
  header[0] = std::byte{0x46};
  const auto options = packet::DecodeEcho4(Join({header, Octets({1, 1, 1, 0}), Icmp(0, 0)}));
  REQUIRE(options.has_value());
  CHECK(IsOurs(*options));
  const auto six = packet::DecodeEcho6(Icmp(129, 0));
  REQUIRE(six.has_value());
  CHECK(IsOurs(*six));
  CHECK(six->error == 0);
}

TEST_CASE("an error about an echo request is read, with whom the request was for") {
  const struct {
    int type;
    int code;
    int error;
  } four[] = {{3, 0, ENETUNREACH}, {3, 1, EHOSTUNREACH},  {3, 3, EHOSTUNREACH},
              {3, 6, ENETUNREACH}, {3, 13, EHOSTUNREACH}, {11, 0, EHOSTUNREACH}};
  for (const auto& one : four) {
    CAPTURE(one.type);
    CAPTURE(one.code);
    const auto answer =
        packet::DecodeEcho4(Join({Ip4(1), Icmp(one.type, one.code), Ip4(1), Icmp(8, 0)}));
    REQUIRE(answer.has_value());
    CHECK(IsOurs(*answer));
    CHECK(answer->error == one.error);
    const Bytes target(answer->target.begin(), answer->target.begin() + 4);
    CHECK(target == Octets({192, 0, 2, 7}));
  }
  const struct {
    int code;
    int error;
  } six[] = {{0, ENETUNREACH}, {1, EACCES}, {3, EHOSTUNREACH}};
  for (const auto& one : six) {
    CAPTURE(one.code);
    const auto answer = packet::DecodeEcho6(Join({Icmp(1, one.code), Ip6(58), Icmp(128, 0)}));
    REQUIRE(answer.has_value());
    CHECK(IsOurs(*answer));
    CHECK(answer->error == one.error);
    CHECK(answer->target.back() == std::byte{7});
  }
}

TEST_CASE("what is no answer to an echo request is left alone") {
  CHECK_FALSE(packet::DecodeEcho4(Join({Ip4(1), Icmp(8, 0)})));                      // a request
  CHECK_FALSE(packet::DecodeEcho4(Join({Ip4(17), Icmp(0, 0)})));                     // UDP
  CHECK_FALSE(packet::DecodeEcho4(Join({Ip4(1), Icmp(3, 1), Ip4(6), Icmp(8, 0)})));  // about TCP
  CHECK_FALSE(packet::DecodeEcho4(Join({Ip4(1), Icmp(3, 1), Ip4(1), Icmp(0, 0)})));  // a reply
  CHECK_FALSE(packet::DecodeEcho4(Join({Ip4(1), Icmp(3, 4), Ip4(1), Icmp(8, 0)})));  // too large
  CHECK_FALSE(packet::DecodeEcho6(Join({Icmp(2, 0), Ip6(58), Icmp(128, 0)})));       // too large
  CHECK_FALSE(packet::DecodeEcho6(Join({Icmp(1, 3), Ip6(0), Icmp(128, 0)})));        // extended
  CHECK_FALSE(packet::DecodeEcho6(Icmp(128, 0)));                                    // a request
  for (const int first : {0x44, 0x65, 0x4f}) {
    Bytes header = Ip4(1);
    header[0] = static_cast<std::byte>(first);
    CHECK_FALSE(packet::DecodeEcho4(Join({header, Icmp(0, 0)})));
  }
}

TEST_CASE("an answer that is cut off anywhere is none") {
  for (const Bytes& whole :
       {Join({Ip4(1), Icmp(0, 0)}), Join({Ip4(1), Icmp(3, 1), Ip4(1), Icmp(8, 0)})}) {
    CHECK(packet::DecodeEcho4(whole));
    for (size_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(packet::DecodeEcho4(std::span(whole).first(size)));
    }
  }
  for (const Bytes& whole : {Icmp(129, 0), Join({Icmp(1, 3), Ip6(58), Icmp(128, 0)})}) {
    CHECK(packet::DecodeEcho6(whole));
    for (size_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(packet::DecodeEcho6(std::span(whole).first(size)));
    }
  }
}

}  // namespace
}  // namespace lvskit
