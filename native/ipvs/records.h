#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The fixed-stride records in which services, destinations and requests cross the boundary to
/// TypeScript, both ways. All integers are in host order; addresses are in network order with IPv4
/// in the first four bytes. src/native/ipvs-records.ts holds the same offsets; a test compares
/// them.
namespace lvskit::ipvs {

struct StatisticsRecord {
  uint64_t connections;
  uint64_t packets_in;
  uint64_t packets_out;
  uint64_t bytes_in;
  uint64_t bytes_out;
  uint64_t connections_per_second;
  uint64_t packets_in_per_second;
  uint64_t packets_out_per_second;
  uint64_t bytes_in_per_second;
  uint64_t bytes_out_per_second;
};

struct ServiceRecord {
  uint16_t family;
  uint16_t protocol;
  uint16_t port;
  uint16_t reserved;
  uint32_t firewall_mark;  // not zero: a service by mark, without protocol, address and port
  uint32_t flags;
  uint32_t timeout;  // seconds
  uint32_t netmask;  // IPv4: the mask as a number; IPv6: the length of the prefix
  std::array<std::byte, 16> address;
  std::array<std::byte, 16> scheduler;  // ends in a NUL
  std::array<std::byte, 20> engine;     // ends in a NUL; empty without persistence engine
  uint32_t destination_count;           // in a table: how many of its records follow in turn
};

struct DestinationRecord {
  uint16_t family;
  uint16_t port;
  uint32_t forwarding;
  uint32_t weight;
  uint32_t upper_threshold;
  uint32_t lower_threshold;
  uint32_t active_connections;
  uint32_t inactive_connections;
  uint32_t persistent_connections;
  std::array<std::byte, 16> address;
  uint8_t tunnel_type;
  uint8_t reserved0;
  uint16_t tunnel_port;
  uint16_t tunnel_flags;
  uint16_t reserved1;
  uint64_t reserved2;
};

struct DaemonRecord {
  uint32_t state;
  uint32_t sync_id;
  uint16_t max_length;
  uint16_t port;
  uint8_t ttl;
  uint8_t reserved;
  uint16_t group_family;  // 0 when the kernel tells no group
  std::array<std::byte, 16> interface;
  std::array<std::byte, 16> group;
};

struct TimeoutsRecord {
  uint32_t tcp;
  uint32_t tcp_fin;
  uint32_t udp;
};

struct InfoRecord {
  uint32_t version;
  uint32_t connection_table_size;
};

/// A change of a service, or of a destination of it.
struct RuleRecord {
  ServiceRecord service;
  DestinationRecord destination;
};

/// One request of a batch. `command` is an IPVS_CMD_* number and decides which part counts.
struct RequestRecord {
  uint32_t command;
  uint32_t has_service;  // for IPVS_CMD_ZERO: of one service, or of all
  union {
    RuleRecord rule;
    DaemonRecord daemon;
    TimeoutsRecord timeouts;
  };
};

static_assert(sizeof(StatisticsRecord) == 80);
static_assert(sizeof(ServiceRecord) == 80);
static_assert(sizeof(DestinationRecord) == 64);
static_assert(sizeof(DaemonRecord) == 48);
static_assert(sizeof(RequestRecord) == 152);

}  // namespace lvskit::ipvs
