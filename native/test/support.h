#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/message.h"

namespace lvskit::test {

using Bytes = std::vector<std::byte>;

/// Bytes as one reads them in a hex dump.
inline Bytes Octets(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

inline Bytes Copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

/// Overwrites a number inside a message, to make a message that no writer of ours would write.
template <typename T>
void Patch(Bytes& bytes, size_t offset, T value) {
  REQUIRE(offset + sizeof value <= bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// The first message of a datagram, which has to outlive the result.
inline netlink::Message FirstMessage(std::span<const std::byte> datagram) {
  netlink::MessageReader reader(datagram);
  netlink::Message message{};
  REQUIRE(reader.Next(message));
  return message;
}

}  // namespace lvskit::test

/// Failed comparisons of bytes print both sides as hex, four bytes to a group as netlink aligns.
template <>
struct doctest::StringMaker<lvskit::test::Bytes> {
  static doctest::String convert(const lvskit::test::Bytes& bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (size_t index = 0; index < bytes.size(); ++index) {
      if (index % 4 == 0 && index != 0) text += ' ';
      const auto octet = std::to_integer<size_t>(bytes[index]);
      text += kDigits[octet / 16];
      text += kDigits[octet % 16];
    }
    return text.c_str();
  }
};
