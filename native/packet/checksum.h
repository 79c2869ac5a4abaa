#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "packet/addresses.h"

namespace lvskit::packet {

/// The ICMPv6 checksum (RFC 4443 section 2.3) over `message` and the pseudo-header. With the field
/// zero it is the value for the field; with the field filled in it is 0 when that is right.
[[nodiscard]] uint16_t Icmpv6Checksum(const Ipv6Address& source, const Ipv6Address& destination,
                                      std::span<const std::byte> message);

}  // namespace lvskit::packet
