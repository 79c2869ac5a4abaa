#pragma once

#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <optional>

#include "route/codec.h"
#include "route/shape.h"

namespace lvskit::route {

/// The flags of an IPv6 tunnel. The IPv4 kinds have another, two bytes wide, under the same number,
/// which says nothing that is asked for here.
struct Ipv6TunnelFlags {
  using Wrapped = std::optional<uint32_t>;
  Wrapped value;
};

template <>
struct Codec<Ipv6TunnelFlags> {
  static void Read(const netlink::Attribute& attribute, Ipv6TunnelFlags& out) {
    if (attribute.payload.size() == sizeof(uint32_t)) out.value = attribute.U32();
  }
  static void Write(netlink::MessageWriter& writer, uint16_t type, const Ipv6TunnelFlags& value) {
    if (value.value) writer.U32(type, *value.value);
  }
};

/// What the kinds ipip, sit, gre, gretap, ip6tnl, ip6gre and ip6gretap are set up with.
struct Tunnel {
  std::optional<uint32_t> link;
  std::optional<Bytes> local;
  std::optional<Bytes> remote;
  std::optional<uint8_t> ttl;
  std::optional<uint8_t> tos;
  std::optional<uint8_t> encapsulation_limit;
  std::optional<BigEndian<uint32_t>> flow_information;
  Ipv6TunnelFlags flags;
  std::optional<uint8_t> protocol;
  std::optional<uint8_t> path_mtu_discovery;
  std::optional<uint16_t> encapsulation;
  std::optional<uint16_t> encapsulation_flags;
  std::optional<BigEndian<uint16_t>> source_port;
  std::optional<BigEndian<uint16_t>> destination_port;
  bool external = false;
  std::optional<uint32_t> firewall_mark;
  std::optional<BigEndian<uint16_t>> input_flags;
  std::optional<BigEndian<uint16_t>> output_flags;
  std::optional<BigEndian<uint32_t>> input_key;
  std::optional<BigEndian<uint32_t>> output_key;
};

template <>
struct Shape<Tunnel> {
  static constexpr auto kAttributes = std::tuple(
      AttributeField{"link", IFLA_IPTUN_LINK, &Tunnel::link, IFLA_GRE_LINK},
      AttributeField{"local", IFLA_IPTUN_LOCAL, &Tunnel::local, IFLA_GRE_LOCAL},
      AttributeField{"remote", IFLA_IPTUN_REMOTE, &Tunnel::remote, IFLA_GRE_REMOTE},
      AttributeField{"ttl", IFLA_IPTUN_TTL, &Tunnel::ttl, IFLA_GRE_TTL},
      AttributeField{"tos", IFLA_IPTUN_TOS, &Tunnel::tos, IFLA_GRE_TOS},
      AttributeField{"encapsulationLimit", IFLA_IPTUN_ENCAP_LIMIT, &Tunnel::encapsulation_limit,
                     IFLA_GRE_ENCAP_LIMIT},
      AttributeField{"flowInformation", IFLA_IPTUN_FLOWINFO, &Tunnel::flow_information,
                     IFLA_GRE_FLOWINFO},
      AttributeField{"flags", IFLA_IPTUN_FLAGS, &Tunnel::flags, IFLA_GRE_FLAGS},
      AttributeField{"protocol", IFLA_IPTUN_PROTO, &Tunnel::protocol},
      AttributeField{"pathMtuDiscovery", IFLA_IPTUN_PMTUDISC, &Tunnel::path_mtu_discovery,
                     IFLA_GRE_PMTUDISC},
      AttributeField{"encapsulation", IFLA_IPTUN_ENCAP_TYPE, &Tunnel::encapsulation,
                     IFLA_GRE_ENCAP_TYPE},
      AttributeField{"encapsulationFlags", IFLA_IPTUN_ENCAP_FLAGS, &Tunnel::encapsulation_flags,
                     IFLA_GRE_ENCAP_FLAGS},
      AttributeField{"sourcePort", IFLA_IPTUN_ENCAP_SPORT, &Tunnel::source_port,
                     IFLA_GRE_ENCAP_SPORT},
      AttributeField{"destinationPort", IFLA_IPTUN_ENCAP_DPORT, &Tunnel::destination_port,
                     IFLA_GRE_ENCAP_DPORT},
      AttributeField{"external", IFLA_IPTUN_COLLECT_METADATA, &Tunnel::external,
                     IFLA_GRE_COLLECT_METADATA},
      AttributeField{"firewallMark", IFLA_IPTUN_FWMARK, &Tunnel::firewall_mark, IFLA_GRE_FWMARK},
      AttributeField{"inputFlags", 0, &Tunnel::input_flags, IFLA_GRE_IFLAGS},
      AttributeField{"outputFlags", 0, &Tunnel::output_flags, IFLA_GRE_OFLAGS},
      AttributeField{"inputKey", 0, &Tunnel::input_key, IFLA_GRE_IKEY},
      AttributeField{"outputKey", 0, &Tunnel::output_key, IFLA_GRE_OKEY});
};

struct BridgeSettings {
  std::optional<uint32_t> forward_delay;
  std::optional<uint32_t> ageing_time;
  std::optional<uint32_t> spanning_tree;
  std::optional<uint8_t> vlan_filtering;
};

template <>
struct Shape<BridgeSettings> {
  static constexpr auto kAttributes = std::tuple(
      AttributeField{"forwardDelay", IFLA_BR_FORWARD_DELAY, &BridgeSettings::forward_delay},
      AttributeField{"ageingTime", IFLA_BR_AGEING_TIME, &BridgeSettings::ageing_time},
      AttributeField{"spanningTree", IFLA_BR_STP_STATE, &BridgeSettings::spanning_tree},
      AttributeField{"vlanFiltering", IFLA_BR_VLAN_FILTERING, &BridgeSettings::vlan_filtering});
};

/// The other end of a veth pair, as it is to be made.
struct Peer {
  uint32_t flags = 0;
  uint32_t changed_flags = 0;
  std::optional<std::string> name;
  std::optional<Bytes> address;
  std::optional<uint32_t> mtu;
  std::optional<uint32_t> namespace_descriptor;
};

template <>
struct Shape<Peer> {
  using Header = ifinfomsg;
  static constexpr auto kHeader =
      std::tuple(HeaderField{"flags", &ifinfomsg::ifi_flags, &Peer::flags},
                 HeaderField{"changedFlags", &ifinfomsg::ifi_change, &Peer::changed_flags});
  static constexpr auto kAttributes = std::tuple(
      AttributeField{"name", IFLA_IFNAME, &Peer::name},
      AttributeField{"address", IFLA_ADDRESS, &Peer::address},
      AttributeField{"mtu", IFLA_MTU, &Peer::mtu},
      AttributeField{"namespaceDescriptor", IFLA_NET_NS_FD, &Peer::namespace_descriptor});
};

/// Which kind of virtual link it is, and what only that kind has. The settings have no attribute
/// number here: they all travel in IFLA_INFO_DATA, whose meaning the kind decides.
struct LinkInfo {
  std::optional<std::string> kind;
  std::optional<std::string> port_kind;
  std::optional<Tunnel> tunnel;
  std::optional<BridgeSettings> bridge;
  std::optional<Peer> peer;
};

template <>
struct Shape<LinkInfo> {
  static constexpr auto kAttributes = std::tuple(
      AttributeField{"kind", IFLA_INFO_KIND, &LinkInfo::kind},
      AttributeField{"portKind", IFLA_INFO_SLAVE_KIND, &LinkInfo::port_kind},
      AttributeField{"tunnel", 0, &LinkInfo::tunnel},
      AttributeField{"bridge", 0, &LinkInfo::bridge}, AttributeField{"peer", 0, &LinkInfo::peer});
};

template <>
struct Codec<LinkInfo> {
  static void Read(const netlink::Attribute& attribute, LinkInfo& out);
  static void Write(netlink::MessageWriter& writer, uint16_t type, const LinkInfo& value);
};

/// The part of rtnl_link_stats64 that every kernel has.
struct LinkStatistics {
  uint64_t received_packets = 0;
  uint64_t sent_packets = 0;
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  uint64_t receive_errors = 0;
  uint64_t send_errors = 0;
  uint64_t receive_drops = 0;
  uint64_t send_drops = 0;
};

/// The beginning of rtnl_link_stats64, which newer kernels make longer.
struct LinkCounters {
  uint64_t rx_packets;
  uint64_t tx_packets;
  uint64_t rx_bytes;
  uint64_t tx_bytes;
  uint64_t rx_errors;
  uint64_t tx_errors;
  uint64_t rx_dropped;
  uint64_t tx_dropped;
};
static_assert(offsetof(LinkCounters, tx_dropped) == offsetof(rtnl_link_stats64, tx_dropped));

template <>
struct Shape<LinkStatistics> {
  using Header = LinkCounters;
  static constexpr auto kHeader = std::tuple(
      HeaderField{"receivedPackets", &LinkCounters::rx_packets, &LinkStatistics::received_packets},
      HeaderField{"sentPackets", &LinkCounters::tx_packets, &LinkStatistics::sent_packets},
      HeaderField{"receivedBytes", &LinkCounters::rx_bytes, &LinkStatistics::received_bytes},
      HeaderField{"sentBytes", &LinkCounters::tx_bytes, &LinkStatistics::sent_bytes},
      HeaderField{"receiveErrors", &LinkCounters::rx_errors, &LinkStatistics::receive_errors},
      HeaderField{"sendErrors", &LinkCounters::tx_errors, &LinkStatistics::send_errors},
      HeaderField{"receiveDrops", &LinkCounters::rx_dropped, &LinkStatistics::receive_drops},
      HeaderField{"sendDrops", &LinkCounters::tx_dropped, &LinkStatistics::send_drops});
  static constexpr auto kAttributes = std::tuple();
};

/// Counters are only ever read, and what follows the known part are more counters, no attributes.
template <>
struct Codec<LinkStatistics> {
  static void Read(const netlink::Attribute& attribute, LinkStatistics& out) {
    DecodeHeader(netlink::ReadPlain<LinkCounters>(attribute.payload), out);
  }
  static void Write(netlink::MessageWriter& /*writer*/, uint16_t /*type*/,
                    const LinkStatistics& /*value*/) {}
};

struct PropertyList {
  std::vector<std::string> alternative_names;
};

template <>
struct Shape<PropertyList> {
  static constexpr auto kAttributes = std::tuple(
      AttributeField{"alternativeNames", IFLA_ALT_IFNAME, &PropertyList::alternative_names});
};

struct Link {
  uint8_t family = 0;
  uint16_t hardware_type = 0;
  uint32_t index = 0;
  uint32_t flags = 0;
  uint32_t changed_flags = 0;
  std::optional<std::string> name;
  std::optional<Bytes> address;
  std::optional<Bytes> broadcast;
  std::optional<uint32_t> mtu;
  std::optional<uint32_t> lower_link;
  std::optional<int32_t> lower_namespace;
  std::optional<uint32_t> master;
  std::optional<uint32_t> queue_length;
  std::optional<uint8_t> operational_state;
  std::optional<uint8_t> carrier;
  std::optional<std::string> alias;
  std::optional<uint32_t> group;
  std::optional<uint32_t> namespace_descriptor;
  std::optional<LinkInfo> info;
  std::optional<PropertyList> properties;
  std::optional<LinkStatistics> statistics;
};

template <>
struct Shape<Link> {
  static constexpr const char* kName = "link";
  static constexpr uint16_t kNew = RTM_NEWLINK;
  static constexpr uint16_t kDelete = RTM_DELLINK;
  static constexpr uint16_t kGet = RTM_GETLINK;
  static constexpr bool kPerFamily = false;

  using Header = ifinfomsg;
  static constexpr auto kHeader =
      std::tuple(HeaderField{"family", &ifinfomsg::ifi_family, &Link::family},
                 HeaderField{"hardwareType", &ifinfomsg::ifi_type, &Link::hardware_type},
                 HeaderField{"index", &ifinfomsg::ifi_index, &Link::index},
                 HeaderField{"flags", &ifinfomsg::ifi_flags, &Link::flags},
                 HeaderField{"changedFlags", &ifinfomsg::ifi_change, &Link::changed_flags});
  static constexpr auto kAttributes =
      std::tuple(AttributeField{"name", IFLA_IFNAME, &Link::name},
                 AttributeField{"address", IFLA_ADDRESS, &Link::address},
                 AttributeField{"broadcast", IFLA_BROADCAST, &Link::broadcast},
                 AttributeField{"mtu", IFLA_MTU, &Link::mtu},
                 AttributeField{"lowerLink", IFLA_LINK, &Link::lower_link},
                 AttributeField{"lowerNamespace", IFLA_LINK_NETNSID, &Link::lower_namespace},
                 AttributeField{"master", IFLA_MASTER, &Link::master},
                 AttributeField{"queueLength", IFLA_TXQLEN, &Link::queue_length},
                 AttributeField{"operationalState", IFLA_OPERSTATE, &Link::operational_state},
                 AttributeField{"carrier", IFLA_CARRIER, &Link::carrier},
                 AttributeField{"alias", IFLA_IFALIAS, &Link::alias},
                 AttributeField{"group", IFLA_GROUP, &Link::group},
                 AttributeField{"namespaceDescriptor", IFLA_NET_NS_FD, &Link::namespace_descriptor},
                 AttributeField{"info", IFLA_LINKINFO, &Link::info},
                 AttributeField{"properties", IFLA_PROP_LIST, &Link::properties},
                 AttributeField{"statistics", IFLA_STATS64, &Link::statistics});
};

}  // namespace lvskit::route
