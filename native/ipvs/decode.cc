#include "ipvs/decode.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <utility>

#include "netlink/attribute.h"
#include "netlink/format_error.h"

namespace lvskit::ipvs {

using netlink::Attribute;
using netlink::AttributeReader;
using netlink::FormatError;
using netlink::Message;

namespace {

std::span<const std::byte> Nest(const Message& message, uint16_t type) {
  AttributeReader attributes(message.AttributesAfter<genlmsghdr>());
  Attribute attribute;
  while (attributes.Next(attribute)) {
    if (attribute.type == type) return attribute.payload;
  }
  throw FormatError("reply without the attribute it was asked for");
}

/// Counters come as 32 or 64 bits by nest, and in either nest the byte counts as 64.
uint64_t Counter(const Attribute& attribute) {
  return attribute.payload.size() == sizeof(uint32_t) ? attribute.U32() : attribute.U64();
}

void DecodeStatistics(std::span<const std::byte> nest, StatisticsRecord& statistics) {
  AttributeReader attributes(nest);
  Attribute attribute;
  while (attributes.Next(attribute)) {
    switch (attribute.type) {
      case IPVS_STATS_ATTR_CONNS:
        statistics.connections = Counter(attribute);
        break;
      case IPVS_STATS_ATTR_INPKTS:
        statistics.packets_in = Counter(attribute);
        break;
      case IPVS_STATS_ATTR_OUTPKTS:
        statistics.packets_out = Counter(attribute);
        break;
      case IPVS_STATS_ATTR_INBYTES:
        statistics.bytes_in = Counter(attribute);
        break;
      case IPVS_STATS_ATTR_OUTBYTES:
        statistics.bytes_out = Counter(attribute);
        break;
      case IPVS_STATS_ATTR_CPS:
        statistics.connections_per_second = Counter(attribute);
        break;
      case IPVS_STATS_ATTR_INPPS:
        statistics.packets_in_per_second = Counter(attribute);
        break;
      case IPVS_STATS_ATTR_OUTPPS:
        statistics.packets_out_per_second = Counter(attribute);
        break;
      case IPVS_STATS_ATTR_INBPS:
        statistics.bytes_in_per_second = Counter(attribute);
        break;
      case IPVS_STATS_ATTR_OUTBPS:
        statistics.bytes_out_per_second = Counter(attribute);
        break;
      default:
        break;
    }
  }
}

/// Takes the 64-bit nest whenever it comes, the 32-bit one only in its absence.
class StatisticsChoice {
 public:
  void Narrow(std::span<const std::byte> nest) { narrow_ = nest; }
  void Wide(std::span<const std::byte> nest) { wide_ = nest; }
  void DecodeInto(StatisticsRecord& statistics) const {
    DecodeStatistics(wide_.empty() ? narrow_ : wide_, statistics);
  }

 private:
  std::span<const std::byte> narrow_;
  std::span<const std::byte> wide_;
};

/// A text field must keep its terminating NUL, so only what leaves room for one is taken.
void CopyText(const Attribute& attribute, std::span<std::byte> field) {
  const std::string_view text = attribute.Text();
  if (text.size() >= field.size()) throw FormatError("name longer than the kernel allows");
  std::memcpy(field.data(), text.data(), text.size());
}

}  // namespace

void DecodeService(const Message& message, ServiceRecord& service, StatisticsRecord& statistics) {
  service = {};
  statistics = {};
  StatisticsChoice counters;
  uint32_t netmask = 0;
  AttributeReader attributes(Nest(message, IPVS_CMD_ATTR_SERVICE));
  Attribute attribute;
  while (attributes.Next(attribute)) {
    switch (attribute.type) {
      case IPVS_SVC_ATTR_AF:
        service.family = attribute.U16();
        break;
      case IPVS_SVC_ATTR_PROTOCOL:
        service.protocol = attribute.U16();
        break;
      case IPVS_SVC_ATTR_ADDR:
        attribute.CopyTo(service.address);
        break;
      case IPVS_SVC_ATTR_PORT:
        service.port = ntohs(attribute.U16());
        break;
      case IPVS_SVC_ATTR_FWMARK:
        service.firewall_mark = attribute.U32();
        break;
      case IPVS_SVC_ATTR_SCHED_NAME:
        CopyText(attribute, service.scheduler);
        break;
      case IPVS_SVC_ATTR_PE_NAME:
        CopyText(attribute, service.engine);
        break;
      case IPVS_SVC_ATTR_FLAGS:
        service.flags = netlink::ReadPlain<ip_vs_flags>(attribute.payload).flags;
        break;
      case IPVS_SVC_ATTR_TIMEOUT:
        service.timeout = attribute.U32();
        break;
      case IPVS_SVC_ATTR_NETMASK:
        netmask = attribute.U32();
        break;
      case IPVS_SVC_ATTR_STATS:
        counters.Narrow(attribute.payload);
        break;
      case IPVS_SVC_ATTR_STATS64:
        counters.Wide(attribute.payload);
        break;
      default:
        break;
    }
  }
  if (service.family != AF_INET && service.family != AF_INET6) {
    throw FormatError("service of an unknown address family");
  }
  service.netmask = service.family == AF_INET ? ntohl(netmask) : netmask;
  counters.DecodeInto(statistics);
}

void DecodeDestination(const Message& message, DestinationRecord& destination,
                       StatisticsRecord& statistics) {
  destination = {};
  statistics = {};
  StatisticsChoice counters;
  AttributeReader attributes(Nest(message, IPVS_CMD_ATTR_DEST));
  Attribute attribute;
  while (attributes.Next(attribute)) {
    switch (attribute.type) {
      case IPVS_DEST_ATTR_ADDR:
        attribute.CopyTo(destination.address);
        break;
      case IPVS_DEST_ATTR_PORT:
        destination.port = ntohs(attribute.U16());
        break;
      case IPVS_DEST_ATTR_FWD_METHOD:
        destination.forwarding = attribute.U32();
        break;
      case IPVS_DEST_ATTR_WEIGHT:
        destination.weight = attribute.U32();
        break;
      case IPVS_DEST_ATTR_U_THRESH:
        destination.upper_threshold = attribute.U32();
        break;
      case IPVS_DEST_ATTR_L_THRESH:
        destination.lower_threshold = attribute.U32();
        break;
      case IPVS_DEST_ATTR_ACTIVE_CONNS:
        destination.active_connections = attribute.U32();
        break;
      case IPVS_DEST_ATTR_INACT_CONNS:
        destination.inactive_connections = attribute.U32();
        break;
      case IPVS_DEST_ATTR_PERSIST_CONNS:
        destination.persistent_connections = attribute.U32();
        break;
      case IPVS_DEST_ATTR_ADDR_FAMILY:
        destination.family = attribute.U16();
        break;
      case IPVS_DEST_ATTR_TUN_TYPE:
        destination.tunnel_type = attribute.U8();
        break;
      case IPVS_DEST_ATTR_TUN_PORT:
        destination.tunnel_port = ntohs(attribute.U16());
        break;
      case IPVS_DEST_ATTR_TUN_FLAGS:
        destination.tunnel_flags = attribute.U16();
        break;
      case IPVS_DEST_ATTR_STATS:
        counters.Narrow(attribute.payload);
        break;
      case IPVS_DEST_ATTR_STATS64:
        counters.Wide(attribute.payload);
        break;
      default:
        break;
    }
  }
  counters.DecodeInto(statistics);
}

void DecodeDaemon(const Message& message, DaemonRecord& daemon) {
  daemon = {};
  AttributeReader attributes(Nest(message, IPVS_CMD_ATTR_DAEMON));
  Attribute attribute;
  while (attributes.Next(attribute)) {
    switch (attribute.type) {
      case IPVS_DAEMON_ATTR_STATE:
        daemon.state = attribute.U32();
        break;
      case IPVS_DAEMON_ATTR_MCAST_IFN:
        CopyText(attribute, daemon.interface);
        break;
      case IPVS_DAEMON_ATTR_SYNC_ID:
        daemon.sync_id = attribute.U32();
        break;
      case IPVS_DAEMON_ATTR_SYNC_MAXLEN:
        daemon.max_length = attribute.U16();
        break;
      case IPVS_DAEMON_ATTR_MCAST_GROUP:
        attribute.CopyTo(daemon.group);
        daemon.group_family = AF_INET;
        break;
      case IPVS_DAEMON_ATTR_MCAST_GROUP6:
        attribute.CopyTo(daemon.group);
        daemon.group_family = AF_INET6;
        break;
      case IPVS_DAEMON_ATTR_MCAST_PORT:
        daemon.port = attribute.U16();  // the one port that is in host order on the wire
        break;
      case IPVS_DAEMON_ATTR_MCAST_TTL:
        daemon.ttl = attribute.U8();
        break;
      default:
        break;
    }
  }
}

void DecodeTimeouts(const Message& message, TimeoutsRecord& timeouts) {
  timeouts = {};
  AttributeReader attributes(message.AttributesAfter<genlmsghdr>());
  Attribute attribute;
  while (attributes.Next(attribute)) {
    if (attribute.type == IPVS_CMD_ATTR_TIMEOUT_TCP) timeouts.tcp = attribute.U32();
    if (attribute.type == IPVS_CMD_ATTR_TIMEOUT_TCP_FIN) timeouts.tcp_fin = attribute.U32();
    if (attribute.type == IPVS_CMD_ATTR_TIMEOUT_UDP) timeouts.udp = attribute.U32();
  }
}

void DecodeInfo(const Message& message, InfoRecord& info) {
  info = {};
  AttributeReader attributes(message.AttributesAfter<genlmsghdr>());
  Attribute attribute;
  while (attributes.Next(attribute)) {
    if (attribute.type == IPVS_INFO_ATTR_VERSION) info.version = attribute.U32();
    if (attribute.type == IPVS_INFO_ATTR_CONN_TAB_SIZE) {
      info.connection_table_size = attribute.U32();
    }
  }
}

}  // namespace lvskit::ipvs
