#pragma once

#include <arpa/inet.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "text/text_writer.h"

namespace lvskit::text {

/// `10.0.0.1:80`
inline void WriteIpv4Endpoint(TextWriter& writer, std::span<const std::byte, 4> address,
                              uint16_t port) {
  for (size_t index = 0; index < address.size(); ++index) {
    writer.Number(std::to_integer<uint8_t>(address[index]));
    writer.Character(index + 1 < address.size() ? '.' : ':');
  }
  writer.Number(port);
}

/// `[2001:db8::1]:80`, the address as inet_ntop() has it.
inline void WriteIpv6Endpoint(TextWriter& writer, std::span<const std::byte, 16> address,
                              uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, address.data(), text.data(), text.size());
  writer.Character('[');
  writer.Text(text.data());
  writer.Text("]:");
  writer.Number(port);
}

}  // namespace lvskit::text
