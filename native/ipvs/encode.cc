#include "ipvs/encode.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <string_view>

#include "netlink/format_error.h"
#include "netlink/generic.h"

namespace lvskit::ipvs {

using netlink::MessageWriter;

namespace {

template <size_t Size>
std::string_view Text(const std::array<std::byte, Size>& field) {
  const std::string_view all(reinterpret_cast<const char*>(field.data()), field.size());
  return all.substr(0, all.find('\0'));
}

void PutServiceKey(MessageWriter& writer, const ServiceRecord& service) {
  writer.U16(IPVS_SVC_ATTR_AF, service.family);
  if (service.firewall_mark != 0) {
    writer.U32(IPVS_SVC_ATTR_FWMARK, service.firewall_mark);
    return;
  }
  writer.U16(IPVS_SVC_ATTR_PROTOCOL, service.protocol);
  writer.Plain(IPVS_SVC_ATTR_ADDR, service.address);
  writer.U16(IPVS_SVC_ATTR_PORT, htons(service.port));
}

void PutServiceConfig(MessageWriter& writer, const ServiceRecord& service) {
  writer.String(IPVS_SVC_ATTR_SCHED_NAME, Text(service.scheduler));
  // Left out rather than empty: that is how the kernel is told to have none.
  const std::string_view engine = Text(service.engine);
  if (!engine.empty()) writer.String(IPVS_SVC_ATTR_PE_NAME, engine);
  const ip_vs_flags flags{.flags = service.flags, .mask = kOwnedServiceFlags};
  writer.Plain(IPVS_SVC_ATTR_FLAGS, flags);
  writer.U32(IPVS_SVC_ATTR_TIMEOUT, service.timeout);
  // The kernel takes a mask in network order for IPv4, but a length in host order for IPv6.
  writer.U32(IPVS_SVC_ATTR_NETMASK,
             service.family == AF_INET ? htonl(service.netmask) : service.netmask);
}

void PutDestinationKey(MessageWriter& writer, const DestinationRecord& destination) {
  writer.U16(IPVS_DEST_ATTR_ADDR_FAMILY, destination.family);
  writer.Plain(IPVS_DEST_ATTR_ADDR, destination.address);
  writer.U16(IPVS_DEST_ATTR_PORT, htons(destination.port));
}

void PutDestinationConfig(MessageWriter& writer, const DestinationRecord& destination) {
  writer.U32(IPVS_DEST_ATTR_FWD_METHOD, destination.forwarding);
  writer.U32(IPVS_DEST_ATTR_WEIGHT, destination.weight);
  writer.U32(IPVS_DEST_ATTR_U_THRESH, destination.upper_threshold);
  writer.U32(IPVS_DEST_ATTR_L_THRESH, destination.lower_threshold);
  // Absent means plain IPIP to every kernel, also to those from before tunnel types (5.2).
  if (destination.tunnel_type == 0) return;
  writer.U8(IPVS_DEST_ATTR_TUN_TYPE, destination.tunnel_type);
  writer.U16(IPVS_DEST_ATTR_TUN_PORT, htons(destination.tunnel_port));
  writer.U16(IPVS_DEST_ATTR_TUN_FLAGS, destination.tunnel_flags);
}

void PutService(MessageWriter& writer, const ServiceRecord& service, bool with_config) {
  const size_t nest = writer.BeginNest(IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED);
  PutServiceKey(writer, service);
  if (with_config) PutServiceConfig(writer, service);
  writer.EndNest(nest);
}

void PutDestination(MessageWriter& writer, const DestinationRecord& destination, bool with_config) {
  const size_t nest = writer.BeginNest(IPVS_CMD_ATTR_DEST | NLA_F_NESTED);
  PutDestinationKey(writer, destination);
  if (with_config) PutDestinationConfig(writer, destination);
  writer.EndNest(nest);
}

void PutDaemon(MessageWriter& writer, const DaemonRecord& daemon, bool with_config) {
  const size_t nest = writer.BeginNest(IPVS_CMD_ATTR_DAEMON | NLA_F_NESTED);
  writer.U32(IPVS_DAEMON_ATTR_STATE, daemon.state);
  if (with_config) {
    writer.String(IPVS_DAEMON_ATTR_MCAST_IFN, Text(daemon.interface));
    writer.U32(IPVS_DAEMON_ATTR_SYNC_ID, daemon.sync_id);
    // Each of these has a kernel default that is asked for by leaving it out.
    if (daemon.max_length != 0) writer.U16(IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.max_length);
    if (daemon.port != 0) writer.U16(IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port);
    if (daemon.ttl != 0) writer.U8(IPVS_DAEMON_ATTR_MCAST_TTL, daemon.ttl);
    if (daemon.group_family == AF_INET) {
      writer.Bytes(IPVS_DAEMON_ATTR_MCAST_GROUP, std::span(daemon.group).first<4>());
    } else if (daemon.group_family == AF_INET6) {
      writer.Plain(IPVS_DAEMON_ATTR_MCAST_GROUP6, daemon.group);
    }
  }
  writer.EndNest(nest);
}

void PutTimeouts(MessageWriter& writer, const TimeoutsRecord& timeouts) {
  writer.U32(IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts.tcp);
  writer.U32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts.tcp_fin);
  writer.U32(IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts.udp);
}

}  // namespace

void EncodeRequest(MessageWriter& writer, uint16_t family, uint32_t sequence,
                   const RequestRecord& request) {
  const auto command = static_cast<uint8_t>(request.command);
  // A daemon that is stopped before it ever ran answers with silence, so its answer is asked for.
  const uint16_t flags = command == IPVS_CMD_DEL_DAEMON ? NLM_F_ACK : 0;
  netlink::BeginGeneric(writer, family, command, IPVS_GENL_VERSION, flags, sequence);
  switch (request.command) {
    case IPVS_CMD_NEW_SERVICE:
    case IPVS_CMD_SET_SERVICE:
      PutService(writer, request.rule.service, true);
      break;
    case IPVS_CMD_DEL_SERVICE:
    case IPVS_CMD_GET_SERVICE:
      PutService(writer, request.rule.service, false);
      break;
    case IPVS_CMD_NEW_DEST:
    case IPVS_CMD_SET_DEST:
      PutService(writer, request.rule.service, false);
      PutDestination(writer, request.rule.destination, true);
      break;
    case IPVS_CMD_DEL_DEST:
      PutService(writer, request.rule.service, false);
      PutDestination(writer, request.rule.destination, false);
      break;
    case IPVS_CMD_NEW_DAEMON:
      PutDaemon(writer, request.daemon, true);
      break;
    case IPVS_CMD_DEL_DAEMON:
      PutDaemon(writer, request.daemon, false);
      break;
    case IPVS_CMD_SET_CONFIG:
      PutTimeouts(writer, request.timeouts);
      break;
    case IPVS_CMD_ZERO:
      if (request.has_service != 0) PutService(writer, request.rule.service, false);
      break;
    case IPVS_CMD_FLUSH:
      break;
    default:
      throw netlink::FormatError("not a command for a batch");
  }
  writer.End();
}

void EncodeQuery(MessageWriter& writer, uint16_t family, uint32_t sequence, uint8_t command,
                 uint16_t flags, const ServiceRecord* service) {
  netlink::BeginGeneric(writer, family, command, IPVS_GENL_VERSION, flags, sequence);
  if (service != nullptr) PutService(writer, *service, false);
  writer.End();
}

}  // namespace lvskit::ipvs
