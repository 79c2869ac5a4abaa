#pragma once

#include <linux/fou.h>

#include <optional>

#include "route/shape.h"

namespace lvskit::route {

/// A UDP port on which the kernel takes packets out of FOU or GUE (generic netlink family "fou").
struct FouPort {
  std::optional<BigEndian<uint16_t>> port;
  std::optional<uint8_t> family;
  std::optional<uint8_t> protocol;
  std::optional<uint8_t> encapsulation;
  bool no_partial_remote_checksum = false;
  std::optional<Bytes> local_ipv4;
  std::optional<Bytes> local_ipv6;
  std::optional<Bytes> peer_ipv4;
  std::optional<Bytes> peer_ipv6;
  std::optional<BigEndian<uint16_t>> peer_port;
  std::optional<int32_t> link;
};

template <>
struct Shape<FouPort> {
  static constexpr const char* kName = "fou";
  static constexpr auto kAttributes =
      std::tuple(AttributeField{"port", FOU_ATTR_PORT, &FouPort::port},
                 AttributeField{"family", FOU_ATTR_AF, &FouPort::family},
                 AttributeField{"protocol", FOU_ATTR_IPPROTO, &FouPort::protocol},
                 AttributeField{"encapsulation", FOU_ATTR_TYPE, &FouPort::encapsulation},
                 AttributeField{"noPartialRemoteChecksum", FOU_ATTR_REMCSUM_NOPARTIAL,
                                &FouPort::no_partial_remote_checksum},
                 AttributeField{"localIpv4", FOU_ATTR_LOCAL_V4, &FouPort::local_ipv4},
                 AttributeField{"localIpv6", FOU_ATTR_LOCAL_V6, &FouPort::local_ipv6},
                 AttributeField{"peerIpv4", FOU_ATTR_PEER_V4, &FouPort::peer_ipv4},
                 AttributeField{"peerIpv6", FOU_ATTR_PEER_V6, &FouPort::peer_ipv6},
                 AttributeField{"peerPort", FOU_ATTR_PEER_PORT, &FouPort::peer_port},
                 AttributeField{"link", FOU_ATTR_IFINDEX, &FouPort::link});
};

}  // namespace lvskit::route
