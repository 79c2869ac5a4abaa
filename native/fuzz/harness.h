#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "netlink/format_error.h"
#include "netlink/message.h"

namespace lvskit::fuzz {

/// Calls `decode` for every message of a datagram, as a socket does. Bytes that do not add up may
/// be answered with FormatError and nothing else; what else is thrown ends the fuzzer.
template <typename Decode>
int ForEachMessage(const uint8_t* data, size_t size, const Decode& decode) {
  netlink::MessageReader reader(std::as_bytes(std::span(data, size)));
  netlink::Message message{};
  try {
    while (reader.Next(message)) {
      try {
        decode(message);
      } catch (const netlink::FormatError&) {
        continue;
      }
    }
  } catch (const netlink::FormatError&) {
    return 0;
  }
  return 0;
}

/// Ends the fuzzer where a promise about well-formed input is broken.
inline void Require(bool promise) {
  if (!promise) __builtin_trap();
}

}  // namespace lvskit::fuzz
