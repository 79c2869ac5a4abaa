#include <arpa/inet.h>
#include <net/if_arp.h>

#include <algorithm>
#include <string>

#include "kernel_messages.h"
#include "packet/arp.h"
#include "packet/checksum.h"
#include "packet/ndp.h"
#include "support.h"

namespace lvskit {
namespace {

using packet::ArpFrame;
using packet::NdpFrame;
using test::Bytes;
using test::kKernels;
using test::Octets;

packet::Ipv6Address Six(const char* text) {
  packet::Ipv6Address address;
  REQUIRE(::inet_pton(AF_INET6, text, address.data()) == 1);
  return address;
}

packet::MacAddress Mac(int last) {
  packet::MacAddress address{};
  address[0] = std::byte{2};
  address[5] = static_cast<std::byte>(last);
  return address;
}

TEST_CASE("an ARP request is written as RFC 826 lays it out") {
  ArpFrame frame;
  frame.destination.fill(std::byte{0xff});
  frame.source = Mac(1);
  frame.operation = ARPOP_REQUEST;
  frame.sender_mac = Mac(1);
  frame.sender_ip = {std::byte{10}, std::byte{0}, std::byte{0}, std::byte{1}};
  frame.target_ip = {std::byte{10}, std::byte{0}, std::byte{0}, std::byte{2}};
  const auto bytes = packet::EncodeArp(frame);
  CHECK(Bytes(bytes.begin(), bytes.end()) ==
        Octets({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,  0, 0, 0, 0, 1, 8, 6,  // Ethernet
                0,    1,    8,    0,    6,    4,    0,  1,           // Ethernet, IPv4, request
                2,    0,    0,    0,    0,    1,    10, 0, 0, 1,     // sender
                0,    0,    0,    0,    0,    0,    10, 0, 0, 2}));  // target
}

TEST_CASE("every kernel's ARP frames are read and written the same") {
  for (const std::string kernel : kKernels) {
    CAPTURE(kernel);
    size_t replies = 0;
    for (const Bytes& bytes : test::Captured("arp", kernel)) {
      const auto frame = packet::DecodeArp(bytes);
      REQUIRE(frame.has_value());
      CHECK(frame->source == frame->sender_mac);
      if (frame->operation == ARPOP_REPLY) ++replies;
      const auto written = packet::EncodeArp(*frame);
      CHECK(std::ranges::equal(written, bytes));
    }
    CHECK(replies > 0);
  }
}

TEST_CASE("padding behind an ARP frame is passed over") {
  Bytes bytes = test::Captured("arp", "6.1").front();
  bytes.resize(60);
  CHECK(packet::DecodeArp(bytes).has_value());
}

TEST_CASE("what is no ARP for IPv4 over Ethernet, or is cut short, is no ARP frame") {
  const Bytes whole = test::Captured("arp", "6.1").front();
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(packet::DecodeArp(std::span(whole).first(size)).has_value());
  }
  constexpr size_t kEtherType = 12;
  constexpr size_t kHardware = 14;
  constexpr size_t kProtocol = 16;
  constexpr size_t kHardwareSize = 18;
  constexpr size_t kProtocolSize = 19;
  for (const size_t offset : {kEtherType, kHardware, kProtocol, kHardwareSize, kProtocolSize}) {
    CAPTURE(offset);
    Bytes changed = whole;
    changed[offset] ^= std::byte{0x81};
    CHECK_FALSE(packet::DecodeArp(changed).has_value());
  }
}

NdpFrame Solicitation() {
  NdpFrame frame;
  frame.destination = {std::byte{0x33}, std::byte{0x33}, std::byte{0xff},
                       std::byte{0},    std::byte{0},    std::byte{2}};
  frame.source = Mac(1);
  frame.source_ip = Six("fd00::1");
  frame.destination_ip = Six("ff02::1:ff00:2");
  frame.type = NdpFrame::Type::kSolicitation;
  frame.target = Six("fd00::2");
  frame.link_layer = Mac(1);
  return frame;
}

TEST_CASE("a neighbour solicitation is written as RFC 4861 lays it out") {
  const Bytes bytes = packet::EncodeNdp(Solicitation());
  REQUIRE(bytes.size() == 86);
  CHECK(Bytes(bytes.begin() + 12, bytes.begin() + 22) ==
        Octets({0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255}));
  CHECK(Bytes(bytes.begin() + 54, bytes.begin() + 56) == Octets({135, 0}));
  CHECK(Bytes(bytes.begin() + 58, bytes.begin() + 62) == Octets({0, 0, 0, 0}));
  CHECK(Bytes(bytes.begin() + 78, bytes.end()) == Octets({1, 1, 2, 0, 0, 0, 0, 1}));
  CHECK(packet::Icmpv6Checksum(Six("fd00::1"), Six("ff02::1:ff00:2"),
                               std::span(bytes).subspan(54)) == 0);
}

TEST_CASE("every kernel's solicitations and advertisements are read, with their checksums") {
  for (const std::string kernel : kKernels) {
    CAPTURE(kernel);
    size_t probes = 0;
    size_t answers = 0;
    size_t announcements = 0;
    for (const Bytes& bytes : test::Captured("ndp", kernel)) {
      const auto frame = packet::DecodeNdp(bytes);
      REQUIRE(frame.has_value());
      if (frame->type == NdpFrame::Type::kSolicitation) {
        CHECK(packet::IsUnspecified(frame->source_ip) == !frame->link_layer.has_value());
        probes += packet::IsUnspecified(frame->source_ip) ? 1 : 0;
        continue;
      }
      CHECK(frame->override_cached);
      CHECK(frame->link_layer == frame->source);
      CHECK_FALSE(frame->router);
      ++(frame->solicited ? answers : announcements);
    }
    CHECK(probes > 0);
    CHECK(answers > 0);
    CHECK(announcements > 0);
  }
}

TEST_CASE("a frame with any bit of its message changed is discarded") {
  const Bytes whole = packet::EncodeNdp(Solicitation());
  constexpr size_t kSourceIp = 22;
  for (size_t offset = kSourceIp; offset < whole.size(); ++offset) {
    CAPTURE(offset);
    Bytes changed = whole;
    changed[offset] ^= std::byte{0x10};
    CHECK_FALSE(packet::DecodeNdp(changed).has_value());
  }
}

TEST_CASE("a frame cut short anywhere is discarded, padding behind it is passed over") {
  Bytes whole = packet::EncodeNdp(Solicitation());
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(packet::DecodeNdp(std::span(whole).first(size)).has_value());
  }
  whole.resize(whole.size() + 9);
  CHECK(packet::DecodeNdp(whole).has_value());
}

TEST_CASE("a frame that a router has forwarded is discarded") {
  Bytes bytes = packet::EncodeNdp(Solicitation());
  constexpr size_t kHopLimit = 21;  // no part of the checksum
  bytes[kHopLimit] = std::byte{254};
  CHECK_FALSE(packet::DecodeNdp(bytes).has_value());
}

TEST_CASE("what RFC 4861 says of the addresses is held to") {
  const auto accepts = [](const NdpFrame& frame) {
    return packet::DecodeNdp(packet::EncodeNdp(frame)).has_value();
  };
  CHECK(accepts(Solicitation()));

  NdpFrame multicast_target = Solicitation();
  multicast_target.target = Six("ff02::1");
  CHECK_FALSE(accepts(multicast_target));

  NdpFrame probe = Solicitation();
  probe.source_ip = {};
  CHECK_FALSE(accepts(probe));
  probe.link_layer.reset();
  CHECK(accepts(probe));
  probe.destination_ip = probe.target;
  CHECK_FALSE(accepts(probe));

  NdpFrame advertisement = Solicitation();
  advertisement.type = NdpFrame::Type::kAdvertisement;
  advertisement.destination_ip = Six("ff02::1");
  CHECK(accepts(advertisement));
  advertisement.solicited = true;
  CHECK_FALSE(accepts(advertisement));
}

}  // namespace
}  // namespace lvskit
