#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <cstring>
#include <string_view>

#include "ipvs/decode.h"
#include "ipvs/encode.h"
#include "kernel_messages.h"
#include "support.h"

namespace lvskit {
namespace {

using ipvs::RequestRecord;
using ipvs::ServiceRecord;
using netlink::Message;
using netlink::MessageWriter;
using test::Bytes;
using test::Copy;
using test::FirstMessage;
using test::Octets;

template <size_t Size>
void Put(std::array<std::byte, Size>& field, std::string_view text) {
  std::memcpy(field.data(), text.data(), text.size());
}

ServiceRecord Web() {
  ServiceRecord service{};
  service.family = AF_INET;
  service.protocol = IPPROTO_TCP;
  service.port = 80;
  service.netmask = 0xffffffff;
  REQUIRE(::inet_pton(AF_INET, "192.0.2.10", service.address.data()) == 1);
  Put(service.scheduler, "rr");
  return service;
}

Bytes Encoded(const RequestRecord& request) {
  MessageWriter writer;
  ipvs::EncodeRequest(writer, 0x1c, 7, request);
  CHECK(writer.count() == 1);
  return Copy(writer.bytes());
}

/// The types of the attributes behind the generic header, and of those nested in them.
std::vector<std::vector<uint16_t>> Attributes(std::span<const std::byte> message) {
  std::vector<std::vector<uint16_t>> types;
  netlink::AttributeReader reader(FirstMessage(message).AttributesAfter<genlmsghdr>());
  netlink::Attribute attribute;
  while (reader.Next(attribute)) {
    types.push_back({attribute.type});
    if (attribute.type > IPVS_CMD_ATTR_DAEMON) continue;
    netlink::AttributeReader inner(attribute.payload);
    netlink::Attribute nested;
    while (inner.Next(nested)) types.back().push_back(nested.type);
  }
  return types;
}

using Types = std::vector<std::vector<uint16_t>>;

TEST_CASE("adding a service is written as the kernel's policy expects it") {
  RequestRecord request{};
  request.command = IPVS_CMD_NEW_SERVICE;
  request.rule.service = Web();
  request.rule.service.flags = IP_VS_SVC_F_ONEPACKET;
  CHECK(Encoded(request) ==
        Octets({0x68, 0, 0, 0,    0x1c, 0,    1,    0,   7,    0, 0, 0, 0, 0, 0, 0,  // nlmsghdr
                1,    1, 0, 0,                                                       // genlmsghdr
                0x54, 0, 1, 0x80,                       // IPVS_CMD_ATTR_SERVICE
                6,    0, 1, 0,    2,    0,    0,    0,  // AF
                6,    0, 2, 0,    6,    0,    0,    0,  // PROTOCOL
                20,   0, 3, 0,    192,  0,    2,    10,  0,    0, 0, 0, 0, 0, 0, 0,
                0,    0, 0, 0,                                           // ADDR
                6,    0, 4, 0,    0,    80,   0,    0,                   // PORT, network order
                7,    0, 6, 0,    'r',  'r',  0,    0,                   // SCHED_NAME
                12,   0, 7, 0,    4,    0,    0,    0,   0x3d, 0, 0, 0,  // FLAGS and their mask
                8,    0, 8, 0,    0,    0,    0,    0,                   // TIMEOUT
                8,    0, 9, 0,    0xff, 0xff, 0xff, 0xff}));             // NETMASK
}

TEST_CASE("an IPv4 netmask travels in network order, an IPv6 prefix length in host order") {
  RequestRecord request{};
  request.command = IPVS_CMD_SET_SERVICE;
  request.rule.service = Web();
  request.rule.service.netmask = 0xffffff00;
  const Bytes four = Encoded(request);
  CHECK(Bytes(four.end() - 4, four.end()) == Octets({0xff, 0xff, 0xff, 0}));
  request.rule.service.family = AF_INET6;
  request.rule.service.netmask = 64;
  const Bytes six = Encoded(request);
  CHECK(Bytes(six.end() - 4, six.end()) == Octets({64, 0, 0, 0}));
}

TEST_CASE("a key alone is written where the kernel takes no more") {
  RequestRecord request{};
  request.rule.service = Web();
  const std::vector<uint16_t> key = {IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_AF,
                                     IPVS_SVC_ATTR_PROTOCOL, IPVS_SVC_ATTR_ADDR,
                                     IPVS_SVC_ATTR_PORT};
  request.command = IPVS_CMD_DEL_SERVICE;
  CHECK(Attributes(Encoded(request)) == Types{key});

  request.command = IPVS_CMD_GET_SERVICE;
  CHECK(Attributes(Encoded(request)) == Types{key});
  CHECK((FirstMessage(Encoded(request)).header.nlmsg_flags & NLM_F_DUMP) == 0);

  request.command = IPVS_CMD_DEL_DEST;
  CHECK(Attributes(Encoded(request)) == Types{key,
                                              {IPVS_CMD_ATTR_DEST, IPVS_DEST_ATTR_ADDR_FAMILY,
                                               IPVS_DEST_ATTR_ADDR, IPVS_DEST_ATTR_PORT}});

  request.command = IPVS_CMD_ZERO;
  CHECK(Attributes(Encoded(request)) == Types{});
  request.has_service = 1;
  CHECK(Attributes(Encoded(request)) == Types{key});

  request.command = IPVS_CMD_FLUSH;
  CHECK(Attributes(Encoded(request)) == Types{});
}

TEST_CASE("a service by firewall mark has no protocol, address and port") {
  RequestRecord request{};
  request.command = IPVS_CMD_DEL_SERVICE;
  request.rule.service = Web();
  request.rule.service.firewall_mark = 7;
  CHECK(Attributes(Encoded(request)) ==
        Types{{IPVS_CMD_ATTR_SERVICE, IPVS_SVC_ATTR_AF, IPVS_SVC_ATTR_FWMARK}});
}

TEST_CASE("what older kernels do not know is left out unless it is asked for") {
  RequestRecord request{};
  request.command = IPVS_CMD_NEW_DEST;
  request.rule.service = Web();
  request.rule.destination.family = AF_INET;
  const auto has = [&](uint16_t type) {
    const auto types = Attributes(Encoded(request)).at(1);
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  CHECK_FALSE(has(IPVS_DEST_ATTR_TUN_TYPE));
  CHECK_FALSE(has(IPVS_DEST_ATTR_TUN_PORT));
  request.rule.destination.tunnel_type = IP_VS_CONN_F_TUNNEL_TYPE_GUE;
  CHECK(has(IPVS_DEST_ATTR_TUN_TYPE));
  CHECK(has(IPVS_DEST_ATTR_TUN_PORT));
  CHECK(has(IPVS_DEST_ATTR_TUN_FLAGS));
}

TEST_CASE("a sync daemon is stopped by its state alone, and its answer is asked for") {
  RequestRecord request{};
  request.command = IPVS_CMD_DEL_DAEMON;
  request.daemon.state = IP_VS_STATE_MASTER;
  Put(request.daemon.interface, "eth0");
  const Bytes bytes = Encoded(request);
  CHECK(Attributes(bytes) == Types{{IPVS_CMD_ATTR_DAEMON, IPVS_DAEMON_ATTR_STATE}});
  CHECK((FirstMessage(bytes).header.nlmsg_flags & NLM_F_ACK) != 0);
}

TEST_CASE("a sync daemon's group is written as four or sixteen bytes, and not without family") {
  RequestRecord request{};
  request.command = IPVS_CMD_NEW_DAEMON;
  const auto last = [&] { return Attributes(Encoded(request)).at(0).back(); };
  CHECK(last() == IPVS_DAEMON_ATTR_SYNC_ID);
  request.daemon.group_family = AF_INET;
  CHECK(last() == IPVS_DAEMON_ATTR_MCAST_GROUP);
  const size_t four = Encoded(request).size();
  request.daemon.group_family = AF_INET6;
  CHECK(last() == IPVS_DAEMON_ATTR_MCAST_GROUP6);
  CHECK(Encoded(request).size() == four + 12);
}

TEST_CASE("a batch takes neither other questions nor a number that is no command") {
  for (const uint32_t command :
       {uint32_t{IPVS_CMD_UNSPEC}, uint32_t{IPVS_CMD_GET_DEST}, uint32_t{IPVS_CMD_GET_INFO},
        uint32_t{IPVS_CMD_MAX + 1}, 0x101U, 0xffffffffU}) {
    CAPTURE(command);
    RequestRecord request{};
    request.command = command;
    MessageWriter writer;
    CHECK_THROWS_AS(ipvs::EncodeRequest(writer, 1, 1, request), netlink::FormatError);
  }
}

TEST_CASE("what every kernel said of its services is written and read back the same") {
  for (const std::string kernel : test::kKernels) {
    for (const Bytes& bytes : test::Captured("ipvs_service", kernel)) {
      ServiceRecord service;
      ipvs::StatisticsRecord statistics;
      ipvs::DecodeService(FirstMessage(bytes), service, statistics);
      RequestRecord request{};
      request.command = IPVS_CMD_NEW_SERVICE;
      request.rule.service = service;
      ServiceRecord again;
      ipvs::DecodeService(FirstMessage(Encoded(request)), again, statistics);
      CHECK(std::memcmp(&service, &again, sizeof service) == 0);
    }
  }
}

TEST_CASE("a dump about a service names it") {
  const ServiceRecord service = Web();
  MessageWriter writer;
  ipvs::EncodeQuery(writer, 0x1c, 1, IPVS_CMD_GET_DEST, NLM_F_DUMP, &service);
  const Message message = FirstMessage(writer.bytes());
  CHECK((message.header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP);
  CHECK(message.FixedHeader<genlmsghdr>().cmd == IPVS_CMD_GET_DEST);
  CHECK(Attributes(writer.bytes()).at(0).front() == IPVS_CMD_ATTR_SERVICE);
}

}  // namespace
}  // namespace lvskit
