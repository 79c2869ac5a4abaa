#include "packet/checksum.h"

#include <netinet/in.h>

namespace lvskit::packet {

namespace {

uint64_t Sum(std::span<const std::byte> bytes) {
  uint64_t sum = 0;
  for (size_t index = 0; index < bytes.size(); ++index) {
    const auto value = std::to_integer<uint64_t>(bytes[index]);
    sum += index % 2 == 0 ? value << 8 : value;
  }
  return sum;
}

}  // namespace

uint16_t Icmpv6Checksum(const Ipv6Address& source, const Ipv6Address& destination,
                        std::span<const std::byte> message) {
  uint64_t sum = Sum(source) + Sum(destination) + message.size() + IPPROTO_ICMPV6 + Sum(message);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

}  // namespace lvskit::packet
