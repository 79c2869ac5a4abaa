#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <string>
#include <string_view>

#include "route/address.h"
#include "route/codec.h"
#include "route/fou_port.h"
#include "route/link.h"
#include "route/neighbour.h"
#include "route/route.h"
#include "route/rule.h"
#include "support.h"

namespace lvskit {
namespace {

using netlink::FormatError;
using netlink::MessageWriter;
using route::Codec;
using route::Decode;
using route::DecodeWithHeader;
using route::Dialect;
using route::Encode;
using route::EncodeWithHeader;
using test::Bytes;
using test::Copy;
using test::Octets;

Bytes Ip(const char* text) {
  Bytes bytes(std::string_view(text).find(':') == std::string_view::npos ? 4 : 16);
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  REQUIRE(::inet_pton(family, text, bytes.data()) == 1);
  return bytes;
}

/// What `write` leaves in a writer.
template <typename Write>
Bytes Written(const Write& write) {
  MessageWriter writer;
  write(writer);
  return Copy(writer.bytes());
}

/// The payload of the one attribute in `bytes`.
std::span<const std::byte> PayloadOf(std::span<const std::byte> bytes) {
  netlink::AttributeReader reader(bytes);
  netlink::Attribute attribute;
  REQUIRE(reader.Next(attribute));
  return attribute.payload;
}

// The bytes below were sent by ip(8) of iproute2 6.1, and captured with strace.

// ip link add t0 type ipip local 192.0.2.1 remote 192.0.2.2 encap gue encap-sport auto
//   encap-dport 6080 encap-csum encap-remcsum: IFLA_INFO_DATA
const Bytes kGueTunnel =
    Octets({5, 0, 9,  0, 0, 0, 0, 0, 8, 0, 2,  0, 192, 0, 2, 1, 8, 0, 3,  0, 192,  0,    2, 2,
            5, 0, 10, 0, 1, 0, 0, 0, 5, 0, 5,  0, 0,   0, 0, 0, 5, 0, 4,  0, 0,    0,    0, 0,
            8, 0, 1,  0, 0, 0, 0, 0, 8, 0, 20, 0, 0,   0, 0, 0, 6, 0, 15, 0, 2,    0,    0, 0,
            6, 0, 16, 0, 5, 0, 0, 0, 6, 0, 17, 0, 0,   0, 0, 0, 6, 0, 18, 0, 0x17, 0xc0, 0, 0});

TEST_CASE("a tunnel in UDP is read as ip writes it, and written so that it reads the same") {
  route::Tunnel tunnel;
  Decode(kGueTunnel, tunnel);
  for (int round = 0; round < 2; ++round) {
    CHECK(tunnel.local == Ip("192.0.2.1"));
    CHECK(tunnel.remote == Ip("192.0.2.2"));
    CHECK(tunnel.ttl == 0);
    CHECK(tunnel.tos == 0);
    CHECK(tunnel.path_mtu_discovery == 1);
    CHECK(tunnel.protocol == 0);
    CHECK(tunnel.encapsulation == TUNNEL_ENCAP_GUE);
    CHECK(tunnel.encapsulation_flags == (TUNNEL_ENCAP_FLAG_CSUM | TUNNEL_ENCAP_FLAG_REMCSUM));
    CHECK(tunnel.source_port->value == 0);
    CHECK(tunnel.destination_port->value == 6080);
    CHECK(tunnel.link == 0);
    CHECK(tunnel.firewall_mark == 0);
    CHECK_FALSE(tunnel.external);
    const Bytes written = Written([&](MessageWriter& writer) { Encode(writer, tunnel); });
    CHECK(written.size() == kGueTunnel.size());
    tunnel = {};
    Decode(written, tunnel);
  }
}

TEST_CASE("tunnels of the GRE kinds have numbers of their own for the same settings") {
  route::Tunnel tunnel;
  tunnel.local = Ip("2001:db8::1");
  tunnel.ttl = 64;
  tunnel.input_key = {7};
  tunnel.input_flags = {0x2000};
  tunnel.protocol = 4;  // has no number among GRE's
  const Bytes written =
      Written([&](MessageWriter& writer) { Encode(writer, tunnel, Dialect::kGre); });
  CHECK(written == Octets({20,
                           0,
                           IFLA_GRE_LOCAL,
                           0,
                           0x20,
                           1,
                           0x0d,
                           0xb8,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           1,
                           5,
                           0,
                           IFLA_GRE_TTL,
                           0,
                           64,
                           0,
                           0,
                           0,
                           6,
                           0,
                           IFLA_GRE_IFLAGS,
                           0,
                           0x20,
                           0,
                           0,
                           0,
                           8,
                           0,
                           IFLA_GRE_IKEY,
                           0,
                           0,
                           0,
                           0,
                           7}));
  route::Tunnel read;
  Decode(written, read, Dialect::kGre);
  CHECK(read.local == tunnel.local);
  CHECK(read.input_key->value == 7);
  CHECK_FALSE(read.protocol.has_value());
}

TEST_CASE("the flags of an IPv4 tunnel are not taken for those of an IPv6 one") {
  route::Tunnel tunnel;
  Decode(Octets({6, 0, IFLA_IPTUN_FLAGS, 0, 1, 0, 0, 0}), tunnel);
  CHECK_FALSE(tunnel.flags.value.has_value());
  Decode(Octets({8, 0, IFLA_IPTUN_FLAGS, 0, 1, 0, 0, 0}), tunnel);
  CHECK(tunnel.flags.value == 1);
}

TEST_CASE("what travels in a link's data depends on its kind") {
  route::LinkInfo info;
  info.kind = "gre";
  info.tunnel.emplace().ttl = 9;
  const Bytes written =
      Written([&](MessageWriter& writer) { Codec<route::LinkInfo>::Write(writer, 1, info); });
  const Bytes expected = Octets({24,
                                 0,
                                 1,
                                 0,
                                 8,
                                 0,
                                 IFLA_INFO_KIND,
                                 0,
                                 'g',
                                 'r',
                                 'e',
                                 0,
                                 12,
                                 0,
                                 IFLA_INFO_DATA,
                                 0,
                                 5,
                                 0,
                                 IFLA_GRE_TTL,
                                 0,
                                 9,
                                 0,
                                 0,
                                 0});
  CHECK(written == expected);

  route::LinkInfo read;
  Codec<route::LinkInfo>::Read({.type = 1, .payload = PayloadOf(expected)}, read);
  CHECK(read.kind == "gre");
  CHECK(read.tunnel->ttl == 9);
  CHECK_FALSE(read.bridge.has_value());

  // The same bytes of a kind without known settings are passed over.
  Bytes other = expected;
  other[8] = std::byte{'x'};
  route::LinkInfo unknown;
  Codec<route::LinkInfo>::Read({.type = 1, .payload = PayloadOf(other)}, unknown);
  CHECK(unknown.kind == "xre");
  CHECK_FALSE(unknown.tunnel.has_value());
}

// ip link add a type veth peer name b mtu 1300 address 02:00:00:00:00:0b: VETH_INFO_PEER
const Bytes kPeer =
    Octets({0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0, 8, 0, 4,   0, 0x14, 5,
            0, 0, 10, 0, 1, 0, 2, 0, 0, 0, 0, 0x0b, 0, 0, 6, 0, 3, 0, 'b', 0, 0,    0});

TEST_CASE("the other end of a veth pair is a link message of its own") {
  route::Peer peer;
  DecodeWithHeader(kPeer, peer);
  CHECK(peer.name == "b");
  CHECK(peer.mtu == 1300);
  CHECK(peer.address == Octets({2, 0, 0, 0, 0, 0x0b}));
  const Bytes written = Written([&](MessageWriter& writer) { EncodeWithHeader(writer, peer); });
  CHECK(written.size() == kPeer.size());
}

// ip route add 192.0.2.0/24 nexthop via 10.0.0.2 weight 3
//   nexthop via inet6 2001:db8::2 dev lo onlink: RTA_MULTIPATH
const Bytes kNextHops = Octets({16,
                                0,
                                0,
                                2,
                                0,
                                0,
                                0,
                                0,
                                8,
                                0,
                                RTA_GATEWAY,
                                0,
                                10,
                                0,
                                0,
                                2,
                                32,
                                0,
                                RTNH_F_ONLINK,
                                0,
                                1,
                                0,
                                0,
                                0,
                                22,
                                0,
                                RTA_VIA,
                                0,
                                10,
                                0,
                                0x20,
                                1,
                                0x0d,
                                0xb8,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                2,
                                0,
                                0});

TEST_CASE("several ways of a route are read as ip writes them, and written the same") {
  std::vector<route::NextHop> hops;
  Codec<std::vector<route::NextHop>>::Read({.type = RTA_MULTIPATH, .payload = kNextHops}, hops);
  REQUIRE(hops.size() == 2);
  CHECK(hops[0].weight == 2);
  CHECK(hops[0].gateway == Ip("10.0.0.2"));
  CHECK(hops[1].flags == RTNH_F_ONLINK);
  CHECK(hops[1].link == 1);
  CHECK(hops[1].via->value == Ip("2001:db8::2"));
  CHECK(Copy(PayloadOf(Written([&](MessageWriter& writer) {
          Codec<std::vector<route::NextHop>>::Write(writer, RTA_MULTIPATH, hops);
        }))) == kNextHops);
}

TEST_CASE("no way at all is no attribute") {
  CHECK(Written([](MessageWriter& writer) { Encode(writer, route::Route{}); }).empty());
}

TEST_CASE("next hops and gateways whose lengths do not add up are refused") {
  const auto read = [](Bytes bytes) {
    std::vector<route::NextHop> hops;
    Codec<std::vector<route::NextHop>>::Read({.type = RTA_MULTIPATH, .payload = bytes}, hops);
  };
  CHECK_THROWS_AS(read(Octets({8, 0, 0, 0})), FormatError);
  CHECK_THROWS_AS(read(Octets({7, 0, 0, 0, 0, 0, 0, 0})), FormatError);
  CHECK_THROWS_AS(read(Octets({9, 0, 0, 0, 0, 0, 0, 0})), FormatError);
  CHECK_THROWS_AS(read(Octets({12, 0, 0, 0, 0, 0, 0, 0, 8, 0, 5, 0})), FormatError);
  CHECK_NOTHROW(read(Octets({8, 0, 0, 0, 0, 0, 0, 0})));
  route::Via via;
  CHECK_THROWS_AS(Codec<route::Via>::Read({.type = RTA_VIA, .payload = Octets({2})}, via),
                  FormatError);
}

TEST_CASE("messages shorter than their header, and numbers of another width, are refused") {
  route::Link link;
  route::Address address;
  route::Route route;
  route::Neighbour neighbour;
  route::Rule rule;
  CHECK_THROWS_AS(DecodeWithHeader(Bytes(sizeof(ifinfomsg) - 1), link), FormatError);
  CHECK_THROWS_AS(DecodeWithHeader(Bytes(sizeof(ifaddrmsg) - 1), address), FormatError);
  CHECK_THROWS_AS(DecodeWithHeader(Bytes(sizeof(rtmsg) - 1), route), FormatError);
  CHECK_THROWS_AS(DecodeWithHeader(Bytes(sizeof(ndmsg) - 1), neighbour), FormatError);
  CHECK_THROWS_AS(DecodeWithHeader(Bytes(sizeof(fib_rule_hdr) - 1), rule), FormatError);
  CHECK_THROWS_AS(Decode(Octets({6, 0, IFLA_MTU, 0, 1, 0, 0, 0}), link), FormatError);
  CHECK_THROWS_AS(Decode(Octets({4, 0, IFA_FLAGS, 0}), address), FormatError);
  CHECK_THROWS_AS(Decode(Octets({8, 0, RTA_METRICS, 0, 9, 0, 2, 0}), route), FormatError);
  CHECK_THROWS_AS(Decode(Octets({5, 0, FRA_SPORT_RANGE, 0, 1, 0, 0, 0}), rule), FormatError);
  CHECK_THROWS_AS(Decode(Octets({12, 0, IFLA_STATS64, 0, 0, 0, 0, 0, 0, 0, 0, 0}), link),
                  FormatError);
}

TEST_CASE("counters are read from kernels that have more of them") {
  Bytes bytes = Octets({0, 0, IFLA_STATS64, 0});
  bytes.resize(4 + sizeof(rtnl_link_stats64) + 64);
  test::Patch<uint16_t>(bytes, 0, static_cast<uint16_t>(bytes.size()));
  test::Patch<uint64_t>(bytes, 4 + offsetof(rtnl_link_stats64, tx_dropped), UINT64_MAX);
  route::Link link;
  Decode(bytes, link);
  CHECK(link.statistics->send_drops == UINT64_MAX);
}

TEST_CASE("ports of FOU travel in network order") {
  route::FouPort port;
  port.port = {6080};
  port.link = -1;
  const Bytes written = Written([&](MessageWriter& writer) { Encode(writer, port); });
  CHECK(written == Octets({6, 0, FOU_ATTR_PORT, 0, 0x17, 0xc0, 0, 0, 8, 0, FOU_ATTR_IFINDEX, 0,
                           0xff, 0xff, 0xff, 0xff}));
  route::FouPort read;
  Decode(written, read);
  CHECK(read.port->value == 6080);
  CHECK(read.link == -1);
  CHECK_FALSE(read.no_partial_remote_checksum);
}

TEST_CASE("tables of bridges and of multicast routing are told from those of IP") {
  route::Neighbour neighbour;
  neighbour.family = AF_BRIDGE;
  CHECK_FALSE(route::Concerns(neighbour));
  neighbour.family = AF_INET6;
  CHECK(route::Concerns(neighbour));
  route::Route route;
  route.family = RTNL_FAMILY_IPMR;
  CHECK_FALSE(route::Concerns(route));
  route::Link link;
  CHECK(route::Concerns(link));
  link.family = AF_BRIDGE;
  CHECK_FALSE(route::Concerns(link));
}

}  // namespace
}  // namespace lvskit
