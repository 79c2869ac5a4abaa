#pragma once

#include <array>
#include <cstddef>

namespace lvskit::packet {

using MacAddress = std::array<std::byte, 6>;
using Ipv4Address = std::array<std::byte, 4>;
using Ipv6Address = std::array<std::byte, 16>;

[[nodiscard]] inline bool IsMulticast(const Ipv6Address& address) {
  return address[0] == std::byte{0xff};
}

[[nodiscard]] inline bool IsUnspecified(const Ipv6Address& address) {
  return address == Ipv6Address{};
}

}  // namespace lvskit::packet
