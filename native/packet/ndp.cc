#include "packet/ndp.h"

#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <algorithm>

#include "packet/bytes.h"
#include "packet/checksum.h"

namespace lvskit::packet {

namespace {

constexpr size_t kMessageSize = 24;   // without options
constexpr size_t kLinkLayerSize = 8;  // the option for an Ethernet address
constexpr size_t kHeadersSize = 54;   // Ethernet and IPv6
constexpr unsigned kHopLimit = 255;   // proves that no router forwarded it
constexpr unsigned kRouter = 0x80;    // flags of an advertisement, in the byte after the checksum
constexpr unsigned kSolicited = 0x40;
constexpr unsigned kOverride = 0x20;

unsigned LinkLayerOption(NdpFrame::Type type) {
  return type == NdpFrame::Type::kSolicitation ? ND_OPT_SOURCE_LINKADDR : ND_OPT_TARGET_LINKADDR;
}

bool IsSolicitedNode(const Ipv6Address& address) {
  constexpr std::array<unsigned char, 13> kPrefix = {0xff, 0x02, 0, 0, 0, 0,   0,
                                                     0,    0,    0, 0, 1, 0xff};
  return std::ranges::equal(kPrefix, std::span(address).first<kPrefix.size()>(), {},
                            [](unsigned char value) { return std::byte{value}; });
}

/// Reads the options after the fixed part. Returns whether they add up.
bool ReadOptions(Reader& reader, NdpFrame& frame) {
  while (!reader.rest().empty()) {
    const unsigned type = reader.U8();
    const size_t size = size_t{reader.U8()} * 8;
    if (size == 0) return false;
    Reader option(reader.Take(size - 2));
    if (!reader.ok()) return false;
    if (type == LinkLayerOption(frame.type) && size == kLinkLayerSize) {
      frame.link_layer = option.Array<sizeof(MacAddress)>();
    }
  }
  return reader.ok();
}

/// What RFC 4861 section 7.1 demands of the addresses.
bool AddressesFit(const NdpFrame& frame) {
  if (IsMulticast(frame.target) || IsMulticast(frame.source_ip)) return false;
  if (frame.type == NdpFrame::Type::kAdvertisement) {
    return !(frame.solicited && IsMulticast(frame.destination_ip));
  }
  const bool probe = IsUnspecified(frame.source_ip);
  return !probe || (IsSolicitedNode(frame.destination_ip) && !frame.link_layer);
}

}  // namespace

std::vector<std::byte> EncodeNdp(const NdpFrame& frame) {
  const size_t size = kMessageSize + (frame.link_layer ? kLinkLayerSize : 0);
  std::vector<std::byte> bytes(kHeadersSize + size);
  Writer writer(bytes);
  writer.Bytes(frame.destination);
  writer.Bytes(frame.source);
  writer.U16(ETHERTYPE_IPV6);
  writer.U16(0x6000);  // version 6, no traffic class, no flow label
  writer.U16(0);
  writer.U16(static_cast<unsigned>(size));
  writer.U8(IPPROTO_ICMPV6);
  writer.U8(kHopLimit);
  writer.Bytes(frame.source_ip);
  writer.Bytes(frame.destination_ip);
  writer.U8(static_cast<unsigned>(frame.type));
  writer.U8(0);   // code
  writer.U16(0);  // checksum
  writer.U8((frame.router ? kRouter : 0) | (frame.solicited ? kSolicited : 0) |
            (frame.override_cached ? kOverride : 0));
  writer.Bytes(std::array<std::byte, 3>{});
  writer.Bytes(frame.target);
  if (frame.link_layer) {
    writer.U8(LinkLayerOption(frame.type));
    writer.U8(1);  // in units of 8 bytes
    writer.Bytes(*frame.link_layer);
  }
  const auto message = std::span(bytes).subspan(kHeadersSize);
  Writer(message.subspan(2)).U16(Icmpv6Checksum(frame.source_ip, frame.destination_ip, message));
  return bytes;
}

std::optional<NdpFrame> DecodeNdp(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  NdpFrame frame;
  frame.destination = reader.Array<sizeof(MacAddress)>();
  frame.source = reader.Array<sizeof(MacAddress)>();
  if (reader.U16() != ETHERTYPE_IPV6 || reader.U8() >> 4 != 6) return std::nullopt;
  reader.Take(3);
  const size_t size = reader.U16();
  if (reader.U8() != IPPROTO_ICMPV6 || reader.U8() != kHopLimit) return std::nullopt;
  frame.source_ip = reader.Array<sizeof(Ipv6Address)>();
  frame.destination_ip = reader.Array<sizeof(Ipv6Address)>();
  // Behind it may be padding of the frame.
  const auto message = reader.Take(size);
  if (!reader.ok() || Icmpv6Checksum(frame.source_ip, frame.destination_ip, message) != 0) {
    return std::nullopt;
  }
  Reader body(message);
  const unsigned type = body.U8();
  const unsigned code = body.U8();
  if ((type != ND_NEIGHBOR_SOLICIT && type != ND_NEIGHBOR_ADVERT) || code != 0) return std::nullopt;
  frame.type = static_cast<NdpFrame::Type>(type);
  body.U16();
  const unsigned flags = body.U8();
  if (frame.type == NdpFrame::Type::kAdvertisement) {
    frame.router = (flags & kRouter) != 0;
    frame.solicited = (flags & kSolicited) != 0;
    frame.override_cached = (flags & kOverride) != 0;
  }
  body.Take(3);
  frame.target = body.Array<sizeof(Ipv6Address)>();
  if (!body.ok() || !ReadOptions(body, frame) || !AddressesFit(frame)) return std::nullopt;
  return frame;
}

}  // namespace lvskit::packet
