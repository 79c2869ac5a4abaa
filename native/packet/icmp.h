#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "packet/addresses.h"

namespace lvskit::packet {

/// What tells one echo request from all others.
struct EchoKey {
  uint16_t identifier = 0;
  uint16_t sequence = 0;
};

/// What came back for an echo request.
struct EchoAnswer {
  EchoKey key;
  /// 0 for a reply; otherwise what the network answered in its place, as an errno.
  int error = 0;
  /// Of an error: whereto the request was sent, as 4 or 16 bytes. A reply comes from there.
  Ipv6Address target{};
};

/// 8 octets of header and 8 of data: what a router quotes in full when it returns an error.
using EchoRequest = std::array<std::byte, 16>;

/// An echo request with its checksum (RFC 792), to be sent by a raw socket.
[[nodiscard]] EchoRequest EncodeEcho4(EchoKey key);

/// An echo request (RFC 4443) for a raw ICMPv6 socket, which fills in the checksum.
[[nodiscard]] EchoRequest EncodeEcho6(EchoKey key);

/// Reads what a raw ICMP socket received, the IP header included. Nothing for what is neither an
/// echo reply nor an error about an echo request.
[[nodiscard]] std::optional<EchoAnswer> DecodeEcho4(std::span<const std::byte> datagram);

/// Reads what a raw ICMPv6 socket received, which begins with the ICMPv6 header.
[[nodiscard]] std::optional<EchoAnswer> DecodeEcho6(std::span<const std::byte> message);

}  // namespace lvskit::packet
