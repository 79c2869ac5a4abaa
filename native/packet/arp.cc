#include "packet/arp.h"

#include <net/ethernet.h>
#include <net/if_arp.h>

#include "packet/bytes.h"

namespace lvskit::packet {

std::array<std::byte, kArpFrameSize> EncodeArp(const ArpFrame& frame) {
  std::array<std::byte, kArpFrameSize> bytes{};
  Writer writer(bytes);
  writer.Bytes(frame.destination);
  writer.Bytes(frame.source);
  writer.U16(ETHERTYPE_ARP);
  writer.U16(ARPHRD_ETHER);
  writer.U16(ETHERTYPE_IP);
  writer.U8(sizeof(MacAddress));
  writer.U8(sizeof(Ipv4Address));
  writer.U16(frame.operation);
  writer.Bytes(frame.sender_mac);
  writer.Bytes(frame.sender_ip);
  writer.Bytes(frame.target_mac);
  writer.Bytes(frame.target_ip);
  return bytes;
}

std::optional<ArpFrame> DecodeArp(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  ArpFrame frame;
  frame.destination = reader.Array<sizeof(MacAddress)>();
  frame.source = reader.Array<sizeof(MacAddress)>();
  const bool for_us = reader.U16() == ETHERTYPE_ARP && reader.U16() == ARPHRD_ETHER &&
                      reader.U16() == ETHERTYPE_IP && reader.U8() == sizeof(MacAddress) &&
                      reader.U8() == sizeof(Ipv4Address);
  if (!for_us) return std::nullopt;
  frame.operation = reader.U16();
  frame.sender_mac = reader.Array<sizeof(MacAddress)>();
  frame.sender_ip = reader.Array<sizeof(Ipv4Address)>();
  frame.target_mac = reader.Array<sizeof(MacAddress)>();
  frame.target_ip = reader.Array<sizeof(Ipv4Address)>();
  if (!reader.ok()) return std::nullopt;
  return frame;
}

}  // namespace lvskit::packet
