#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The fixed-stride records in which probes and what became of them cross the boundary to
/// TypeScript. All integers are in host order; addresses are in network order with IPv4 in the
/// first four bytes. src/native/probe.ts holds the same offsets; a test compares them.
namespace lvskit::probe {

enum class Kind : uint8_t {
  kConnect = 0,  // open a TCP connection
  kEcho = 1,     // ICMP echo (RFC 792, RFC 4443)
};

enum Flag : uint8_t {
  kKeepSocket = 1,  // hand the connected socket over
  kCloseOrderly = 2,
  kFromSource = 4,
};

struct RequestRecord {
  uint32_t id;
  uint8_t kind;
  uint8_t flags;
  uint16_t family;
  uint16_t port;
  uint16_t reserved;
  uint32_t mark;  // SO_MARK; 0: none
  uint32_t timeout_ms;
  std::array<std::byte, 16> address;
  std::array<std::byte, 16> source;
  std::array<char, 16> device;  // ends in a NUL; empty: any
};

/// Which call failed. Up to kBind it was about this machine: nothing had been sent yet.
enum class Stage : uint16_t {
  kSocket = 0,
  kDevice = 1,
  kMark = 2,
  kBind = 3,
  kSend = 4,  // connect(), or sending the echo request
  kAnswer = 5,
};

struct ResultRecord {
  uint32_t id;
  uint16_t error;  // errno; 0: connected, or answered
  uint16_t stage;
  uint32_t latency_us;
  uint32_t socket;  // 0: none, otherwise its place among the sockets that come along, from 1
};

}  // namespace lvskit::probe
