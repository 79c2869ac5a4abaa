#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "packet/addresses.h"

namespace lvskit::packet {

/// An Ethernet frame that carries a neighbour solicitation or advertisement (RFC 4861).
struct NdpFrame {
  enum class Type : uint8_t { kSolicitation = 135, kAdvertisement = 136 };

  MacAddress destination{};  // of the Ethernet header
  MacAddress source{};
  Ipv6Address source_ip{};
  Ipv6Address destination_ip{};
  Type type = Type::kSolicitation;
  bool router = false;  // the flags are those of an advertisement
  bool solicited = false;
  bool override_cached = false;
  Ipv6Address target{};
  /// The option that belongs to the type: of the source in a solicitation, of the target in an
  /// advertisement.
  std::optional<MacAddress> link_layer;
};

[[nodiscard]] std::vector<std::byte> EncodeNdp(const NdpFrame& frame);

/// Absent for everything else, and for what RFC 4861 section 7.1 tells to discard without a word: a
/// hop limit other than 255 (it came through a router), a wrong checksum, a multicast target,
/// options that do not add up. A packet with extension headers is discarded too.
[[nodiscard]] std::optional<NdpFrame> DecodeNdp(std::span<const std::byte> bytes);

}  // namespace lvskit::packet
