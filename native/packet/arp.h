#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "packet/addresses.h"

namespace lvskit::packet {

/// An Ethernet frame that carries ARP for IPv4 (RFC 826).
struct ArpFrame {
  MacAddress destination{};  // of the Ethernet header
  MacAddress source{};
  uint16_t operation = 0;  // ARPOP_REQUEST, ARPOP_REPLY; others exist
  MacAddress sender_mac{};
  Ipv4Address sender_ip{};
  MacAddress target_mac{};
  Ipv4Address target_ip{};
};

/// Without the padding to 60 bytes, which is the driver's.
inline constexpr size_t kArpFrameSize = 42;

[[nodiscard]] std::array<std::byte, kArpFrameSize> EncodeArp(const ArpFrame& frame);

/// Absent for everything else: other types, tagged, truncated, other hardware or protocol.
[[nodiscard]] std::optional<ArpFrame> DecodeArp(std::span<const std::byte> bytes);

}  // namespace lvskit::packet
