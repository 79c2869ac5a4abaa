#include "packet/icmp.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <algorithm>
#include <cerrno>

#include "packet/bytes.h"

namespace lvskit::packet {

namespace {

constexpr size_t kIp4Header = 20;

/// The data of our requests, which nobody reads.
constexpr std::array<std::byte, 8> kData = {std::byte{'l'}, std::byte{'v'}, std::byte{'s'},
                                            std::byte{'k'}, std::byte{'i'}, std::byte{'t'},
                                            std::byte{0},   std::byte{0}};

EchoRequest Encode(uint8_t type, EchoKey key, uint16_t checksum) {
  EchoRequest request{};
  Writer writer(request);
  writer.U8(type);
  writer.U8(0);
  writer.U16(checksum);
  writer.U16(key.identifier);
  writer.U16(key.sequence);
  writer.Bytes(kData);
  return request;
}

uint16_t InternetChecksum(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  uint32_t sum = 0;
  for (size_t at = 0; at + 1 < bytes.size(); at += 2) sum += reader.U16();
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

EchoKey ReadKey(Reader& reader) {
  const uint16_t identifier = reader.U16();
  return {.identifier = identifier, .sequence = reader.U16()};
}

/// Skips an IPv4 header with its options and gives its protocol and destination.
struct Ip4 {
  uint8_t protocol;
  std::array<std::byte, 4> destination;
};

Ip4 ReadIp4(Reader& reader) {
  const uint8_t first = reader.U8();
  reader.Take(8);
  Ip4 header{.protocol = reader.U8(), .destination = {}};
  reader.Take(6);
  header.destination = reader.Array<4>();
  const size_t size = size_t{first & 0xfU} * 4;
  // One that is shorter than its fixed part, or of another version, takes the rest with it.
  reader.Take(first >> 4 == 4 && size >= kIp4Header ? size - kIp4Header : SIZE_MAX);
  return header;
}

/// As the kernel tells senders of them (icmp_err_convert[]), as far as it matters here.
std::optional<int> ErrorOf4(uint8_t type, uint8_t code) {
  if (type == ICMP_TIME_EXCEEDED) return EHOSTUNREACH;
  if (type != ICMP_DEST_UNREACH || code == ICMP_FRAG_NEEDED) return std::nullopt;
  switch (code) {
    case ICMP_NET_UNREACH:
    case ICMP_NET_UNKNOWN:
    case ICMP_NET_ANO:
    case ICMP_NET_UNR_TOS:
      return ENETUNREACH;
    default:
      return EHOSTUNREACH;
  }
}

std::optional<int> ErrorOf6(uint8_t type, uint8_t code) {
  if (type == ICMP6_TIME_EXCEEDED) return EHOSTUNREACH;
  if (type != ICMP6_DST_UNREACH) return std::nullopt;
  switch (code) {
    case ICMP6_DST_UNREACH_NOROUTE:
      return ENETUNREACH;
    case ICMP6_DST_UNREACH_ADMIN:
      return EACCES;
    default:
      return EHOSTUNREACH;
  }
}

}  // namespace

EchoRequest EncodeEcho4(EchoKey key) {
  return Encode(ICMP_ECHO, key, InternetChecksum(Encode(ICMP_ECHO, key, 0)));
}

EchoRequest EncodeEcho6(EchoKey key) { return Encode(ICMP6_ECHO_REQUEST, key, 0); }

std::optional<EchoAnswer> DecodeEcho4(std::span<const std::byte> datagram) {
  Reader reader(datagram);
  if (ReadIp4(reader).protocol != IPPROTO_ICMP) return std::nullopt;
  const uint8_t type = reader.U8();
  const uint8_t code = reader.U8();
  reader.U16();
  EchoAnswer answer;
  if (type == ICMP_ECHOREPLY) {
    answer.key = ReadKey(reader);
  } else {
    const auto error = ErrorOf4(type, code);
    reader.Take(4);
    const Ip4 quoted = ReadIp4(reader);
    const uint8_t quoted_type = reader.U8();
    reader.Take(3);
    answer.key = ReadKey(reader);
    if (!error || quoted.protocol != IPPROTO_ICMP || quoted_type != ICMP_ECHO) return std::nullopt;
    answer.error = *error;
    std::ranges::copy(quoted.destination, answer.target.begin());
  }
  if (!reader.ok()) return std::nullopt;
  return answer;
}

std::optional<EchoAnswer> DecodeEcho6(std::span<const std::byte> message) {
  Reader reader(message);
  const uint8_t type = reader.U8();
  const uint8_t code = reader.U8();
  reader.U16();
  EchoAnswer answer;
  if (type == ICMP6_ECHO_REPLY) {
    answer.key = ReadKey(reader);
  } else {
    const auto error = ErrorOf6(type, code);
    reader.Take(4 + 6);
    const uint8_t next_header = reader.U8();
    reader.Take(1 + 16);
    answer.target = reader.Array<16>();
    const uint8_t quoted_type = reader.U8();
    reader.Take(3);
    answer.key = ReadKey(reader);
    // With extension headers before it, it is none of ours.
    if (!error || next_header != IPPROTO_ICMPV6 || quoted_type != ICMP6_ECHO_REQUEST) {
      return std::nullopt;
    }
    answer.error = *error;
  }
  if (!reader.ok()) return std::nullopt;
  return answer;
}

}  // namespace lvskit::packet
