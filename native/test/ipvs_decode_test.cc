#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "ipvs/decode.h"
#include "kernel_messages.h"
#include "netlink/generic.h"
#include "support.h"

namespace lvskit {
namespace {

using ipvs::DaemonRecord;
using ipvs::DestinationRecord;
using ipvs::ServiceRecord;
using ipvs::StatisticsRecord;
using netlink::FormatError;
using netlink::Message;
using netlink::MessageWriter;
using test::Bytes;
using test::FirstMessage;
using test::kKernels;
using test::Octets;

template <size_t Size>
std::string Text(const std::array<std::byte, Size>& field) {
  return reinterpret_cast<const char*>(field.data());
}

template <size_t Size>
std::string Address(int family, const std::array<std::byte, Size>& field) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  REQUIRE(::inet_ntop(family, field.data(), text.data(), text.size()) != nullptr);
  return text.data();
}

ServiceRecord Service(const Message& message) {
  ServiceRecord service;
  StatisticsRecord statistics;
  ipvs::DecodeService(message, service, statistics);
  return service;
}

DestinationRecord Destination(const Message& message) {
  DestinationRecord destination;
  StatisticsRecord statistics;
  ipvs::DecodeDestination(message, destination, statistics);
  return destination;
}

DaemonRecord Daemon(const Message& message) {
  DaemonRecord daemon;
  ipvs::DecodeDaemon(message, daemon);
  return daemon;
}

/// A reply with one nest, whose attributes `write` writes.
template <typename Write>
Bytes Reply(uint16_t nest_type, Write write) {
  MessageWriter writer;
  netlink::BeginGeneric(writer, 0x20, IPVS_CMD_NEW_SERVICE, 1, 0, 1);
  const size_t nest = writer.BeginNest(nest_type);
  write(writer);
  writer.EndNest(nest);
  writer.End();
  return test::Copy(writer.bytes());
}

TEST_CASE("every kernel's services are read as they were made") {
  for (const std::string kernel : kKernels) {
    CAPTURE(kernel);
    const auto by_port = [&](uint16_t port) {
      return test::TheCaptured("ipvs_service", kernel, Service,
                               [&](const ServiceRecord& service) { return service.port == port; });
    };
    const ServiceRecord sip = by_port(5060);
    CHECK(sip.family == AF_INET);
    CHECK(sip.protocol == IPPROTO_UDP);
    CHECK(Address(AF_INET, sip.address) == "192.0.2.10");
    CHECK(Text(sip.scheduler) == "sh");
    CHECK(Text(sip.engine) == "sip");
    CHECK(sip.timeout == 300);
    CHECK(sip.netmask == 0xffffff00);
    CHECK((sip.flags & IP_VS_SVC_F_PERSISTENT) != 0);

    const ServiceRecord six = by_port(443);
    CHECK(six.family == AF_INET6);
    CHECK(six.protocol == IPPROTO_TCP);
    CHECK(Address(AF_INET6, six.address) == "fd00::80");
    CHECK(Text(six.scheduler) == "wrr");
    CHECK(Text(six.engine).empty());
    CHECK(six.timeout == 60);
    CHECK(six.netmask == 64);

    for (const uint32_t mark : {7U, 8U}) {
      const ServiceRecord marked = test::TheCaptured(
          "ipvs_service", kernel, Service,
          [&](const ServiceRecord& service) { return service.firewall_mark == mark; });
      CHECK(marked.family == (mark == 8 ? AF_INET6 : AF_INET));
      CHECK(Text(marked.scheduler) == (mark == 8 ? "sed" : "lblc"));
      CHECK(marked.protocol == 0);
      CHECK(marked.port == 0);
    }
  }
}

TEST_CASE("every kernel's destinations are read as they were made") {
  for (const std::string kernel : kKernels) {
    CAPTURE(kernel);
    size_t found = 0;
    for (const Bytes& bytes : test::Captured("ipvs_destination", kernel)) {
      const DestinationRecord destination = Destination(FirstMessage(bytes));
      const std::string address = Address(destination.family, destination.address);
      if (destination.upper_threshold == 1000) {
        CHECK(address == "10.0.0.11");
        CHECK(destination.port == 80);
        CHECK(destination.forwarding == IP_VS_CONN_F_DROUTE);
        CHECK(destination.weight == 3);
        CHECK(destination.lower_threshold == 500);
        ++found;
      } else if (destination.tunnel_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE) {
        CHECK(address == "10.0.0.12");
        CHECK(destination.forwarding == IP_VS_CONN_F_TUNNEL);
        CHECK(destination.tunnel_port == 5556);
        CHECK(destination.tunnel_flags == IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM);
        ++found;
      } else if (destination.family == AF_INET6) {
        CHECK(address == "fd00::81");
        CHECK(destination.port == 443);
        CHECK(destination.weight == 1);
        ++found;
      }
    }
    CHECK(found > 0);
  }
}

TEST_CASE("every kernel's sync daemons are read as they were started") {
  for (const std::string kernel : kKernels) {
    CAPTURE(kernel);
    const auto in_state = [&](uint32_t state) {
      return test::TheCaptured("ipvs_daemon", kernel, Daemon,
                               [&](const DaemonRecord& daemon) { return daemon.state == state; });
    };
    const DaemonRecord master = in_state(IP_VS_STATE_MASTER);
    CHECK(master.sync_id == 9);
    CHECK(Text(master.interface) == "dummy0");
    CHECK(master.group_family == AF_INET);
    CHECK(Address(AF_INET, master.group) == "224.0.0.90");
    CHECK(master.port == 8850);
    CHECK(master.ttl == 4);
    CHECK(master.max_length == 1400);
    const DaemonRecord backup = in_state(IP_VS_STATE_BACKUP);
    CHECK(backup.group_family == AF_INET6);
    CHECK(Address(AF_INET6, backup.group) == "ff05::90");
    CHECK(backup.port == 8848);
  }
}

TEST_CASE("every kernel's timeouts and version are read") {
  for (const std::string kernel : kKernels) {
    CAPTURE(kernel);
    bool timeouts_seen = false;
    bool version_seen = false;
    for (const Bytes& bytes : test::Captured("ipvs_settings", kernel)) {
      const Message message = FirstMessage(bytes);
      if (message.FixedHeader<genlmsghdr>().cmd == IPVS_CMD_SET_CONFIG) {
        ipvs::TimeoutsRecord timeouts;
        ipvs::DecodeTimeouts(message, timeouts);
        CHECK(timeouts.tcp == 900);
        CHECK(timeouts.tcp_fin == 120);
        CHECK(timeouts.udp == 300);
        timeouts_seen = true;
      } else {
        ipvs::InfoRecord info;
        ipvs::DecodeInfo(message, info);
        CHECK(info.version == 0x010201);
        version_seen = true;
      }
    }
    CHECK(timeouts_seen);
    CHECK(version_seen);
  }
}

void WriteStatistics(MessageWriter& writer, uint16_t nest_type, bool wide, uint32_t connections) {
  const size_t nest = writer.BeginNest(nest_type);
  if (wide) {
    writer.U64(IPVS_STATS_ATTR_CONNS, connections);
  } else {
    writer.U32(IPVS_STATS_ATTR_CONNS, connections);
  }
  writer.U64(IPVS_STATS_ATTR_INBYTES, 0x1'0000'0001);
  writer.EndNest(nest);
}

TEST_CASE("counters come from the 64-bit statistics, and from the 32-bit ones without them") {
  for (const bool with_wide : {false, true}) {
    CAPTURE(with_wide);
    const Bytes bytes = Reply(IPVS_CMD_ATTR_DEST, [&](MessageWriter& writer) {
      if (with_wide) WriteStatistics(writer, IPVS_DEST_ATTR_STATS64, true, 64);
      WriteStatistics(writer, IPVS_DEST_ATTR_STATS, false, 32);
    });
    DestinationRecord destination;
    StatisticsRecord statistics;
    ipvs::DecodeDestination(FirstMessage(bytes), destination, statistics);
    CHECK(statistics.connections == (with_wide ? 64 : 32));
    CHECK(statistics.bytes_in == 0x1'0000'0001);
    CHECK(statistics.packets_out == 0);
  }
}

TEST_CASE("attributes of a newer kernel are passed over") {
  const Bytes bytes = Reply(IPVS_CMD_ATTR_SERVICE, [](MessageWriter& writer) {
    writer.U64(99, 1);
    writer.U16(IPVS_SVC_ATTR_AF, AF_INET);
    writer.String(4711, "news");
  });
  CHECK(Service(FirstMessage(bytes)).family == AF_INET);
}

TEST_CASE("a reply without its nest is refused") {
  const Bytes bytes = Reply(IPVS_CMD_ATTR_TIMEOUT_TCP, [](MessageWriter&) {});
  CHECK_THROWS_AS(Service(FirstMessage(bytes)), FormatError);
  CHECK_THROWS_AS(Destination(FirstMessage(bytes)), FormatError);
  CHECK_THROWS_AS(Daemon(FirstMessage(bytes)), FormatError);
}

TEST_CASE("a service of no known address family is refused") {
  const auto of_family = [](uint16_t family) {
    return Reply(IPVS_CMD_ATTR_SERVICE,
                 [&](MessageWriter& writer) { writer.U16(IPVS_SVC_ATTR_AF, family); });
  };
  CHECK_NOTHROW(Service(FirstMessage(of_family(AF_INET6))));
  CHECK_THROWS_AS(Service(FirstMessage(of_family(AF_UNIX))), FormatError);
  CHECK_THROWS_AS(Service(FirstMessage(of_family(0))), FormatError);
}

TEST_CASE("a name that would lose its NUL is refused, the longest that keeps it is read") {
  const auto named = [](const std::string& scheduler, const std::string& engine) {
    return Reply(IPVS_CMD_ATTR_SERVICE, [&](MessageWriter& writer) {
      writer.U16(IPVS_SVC_ATTR_AF, AF_INET);
      writer.String(IPVS_SVC_ATTR_SCHED_NAME, scheduler);
      writer.String(IPVS_SVC_ATTR_PE_NAME, engine);
    });
  };
  const Bytes longest = named(std::string(15, 's'), std::string(15, 'e'));
  CHECK(Text(Service(FirstMessage(longest)).scheduler) == std::string(15, 's'));
  CHECK(Text(Service(FirstMessage(longest)).engine) == std::string(15, 'e'));
  CHECK_THROWS_AS(Service(FirstMessage(named(std::string(16, 's'), "sip"))), FormatError);
  CHECK_THROWS_AS(Service(FirstMessage(named("rr", std::string(20, 'e')))), FormatError);
}

TEST_CASE("a field of another width than the kernel's is refused") {
  const Bytes wide = Reply(IPVS_CMD_ATTR_SERVICE,
                           [](MessageWriter& writer) { writer.U32(IPVS_SVC_ATTR_AF, AF_INET); });
  CHECK_THROWS_AS(Service(FirstMessage(wide)), FormatError);
  const Bytes address = Reply(IPVS_CMD_ATTR_DEST, [](MessageWriter& writer) {
    writer.Bytes(IPVS_DEST_ATTR_ADDR, Bytes(17));
  });
  CHECK_THROWS_AS(Destination(FirstMessage(address)), FormatError);
}

TEST_CASE("a message cut short anywhere is refused, and never overrun") {
  for (const Bytes& whole : test::Captured("ipvs_service", "7.2")) {
    for (size_t size = sizeof(nlmsghdr); size < whole.size(); ++size) {
      Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      test::Patch<uint32_t>(cut, 0, static_cast<uint32_t>(size));
      CHECK_THROWS_AS(Service(FirstMessage(cut)), FormatError);
    }
  }
}

}  // namespace
}  // namespace lvskit
