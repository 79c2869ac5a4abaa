#include "listing.h"

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "socket.h"

enum { kCounters = 10 };

struct Service {
  uint16_t family, protocol, port;
  uint32_t mark, timeout, netmask;
  struct ip_vs_flags flags;
  char address[16], scheduler[16], engine[16];
  uint64_t counters[kCounters];
};

struct Destination {
  uint16_t family, port, tunnel_port, tunnel_flags;
  uint8_t tunnel_type;
  uint32_t forwarding, weight, upper, lower, active, inactive, persistent;
  char address[16];
  uint64_t counters[kCounters];
};

static struct Service* services;
static struct Destination* destinations;
static size_t service_count, destination_count, service_capacity, destination_capacity;

static void* Grow(void* array, size_t count, size_t* capacity, size_t size) {
  if (count < *capacity) return array;
  *capacity = *capacity == 0 ? 1024 : 2 * *capacity;
  void* const grown = realloc(array, *capacity * size);
  if (grown == NULL) Die("realloc");
  return grown;
}

static size_t Smaller(size_t a, size_t b) { return a < b ? a : b; }

static void ReadCounters(const char* at, const char* end, uint64_t* counters) {
  for (; at < end; at += NLA_ALIGN(((const struct nlattr*)at)->nla_len)) {
    const struct nlattr* attribute = (const struct nlattr*)at;
    const unsigned index = attribute->nla_type - 1u;
    if (index < kCounters) {
      memcpy(&counters[index], at + NLA_HDRLEN, Smaller(attribute->nla_len - NLA_HDRLEN, 8));
    }
  }
}

// One field of a record: the value of an attribute of exactly or at most its size.
#define TAKE(kind, field)                                                 \
  case kind:                                                              \
    memcpy(&record->field, value, Smaller(length, sizeof record->field)); \
    break

static void ReadService(const char* at, const char* end) {
  services = Grow(services, service_count, &service_capacity, sizeof *services);
  struct Service* const record = &services[service_count++];
  memset(record, 0, sizeof *record);
  for (; at < end; at += NLA_ALIGN(((const struct nlattr*)at)->nla_len)) {
    const char* const value = at + NLA_HDRLEN;
    const size_t length = ((const struct nlattr*)at)->nla_len - NLA_HDRLEN;
    switch (((const struct nlattr*)at)->nla_type & NLA_TYPE_MASK) {
      TAKE(IPVS_SVC_ATTR_AF, family);
      TAKE(IPVS_SVC_ATTR_PROTOCOL, protocol);
      TAKE(IPVS_SVC_ATTR_ADDR, address);
      TAKE(IPVS_SVC_ATTR_PORT, port);
      TAKE(IPVS_SVC_ATTR_FWMARK, mark);
      TAKE(IPVS_SVC_ATTR_SCHED_NAME, scheduler);
      TAKE(IPVS_SVC_ATTR_FLAGS, flags);
      TAKE(IPVS_SVC_ATTR_TIMEOUT, timeout);
      TAKE(IPVS_SVC_ATTR_NETMASK, netmask);
      TAKE(IPVS_SVC_ATTR_PE_NAME, engine);
      case IPVS_SVC_ATTR_STATS64:
        ReadCounters(value, value + length, record->counters);
        break;
    }
  }
}

static void ReadDestination(const char* at, const char* end) {
  destinations = Grow(destinations, destination_count, &destination_capacity, sizeof *destinations);
  struct Destination* const record = &destinations[destination_count++];
  memset(record, 0, sizeof *record);
  for (; at < end; at += NLA_ALIGN(((const struct nlattr*)at)->nla_len)) {
    const char* const value = at + NLA_HDRLEN;
    const size_t length = ((const struct nlattr*)at)->nla_len - NLA_HDRLEN;
    switch (((const struct nlattr*)at)->nla_type & NLA_TYPE_MASK) {
      TAKE(IPVS_DEST_ATTR_ADDR, address);
      TAKE(IPVS_DEST_ATTR_PORT, port);
      TAKE(IPVS_DEST_ATTR_FWD_METHOD, forwarding);
      TAKE(IPVS_DEST_ATTR_WEIGHT, weight);
      TAKE(IPVS_DEST_ATTR_U_THRESH, upper);
      TAKE(IPVS_DEST_ATTR_L_THRESH, lower);
      TAKE(IPVS_DEST_ATTR_ACTIVE_CONNS, active);
      TAKE(IPVS_DEST_ATTR_INACT_CONNS, inactive);
      TAKE(IPVS_DEST_ATTR_PERSIST_CONNS, persistent);
      TAKE(IPVS_DEST_ATTR_ADDR_FAMILY, family);
      TAKE(IPVS_DEST_ATTR_TUN_TYPE, tunnel_type);
      TAKE(IPVS_DEST_ATTR_TUN_PORT, tunnel_port);
      TAKE(IPVS_DEST_ATTR_TUN_FLAGS, tunnel_flags);
      case IPVS_DEST_ATTR_STATS64:
        ReadCounters(value, value + length, record->counters);
        break;
    }
  }
}

static void ReadEntry(const struct nlmsghdr* message) {
  const struct nlattr* nest = (const struct nlattr*)((char*)NLMSG_DATA(message) + GENL_HDRLEN);
  const char* const first = (const char*)nest + NLA_HDRLEN;
  const char* const end = (const char*)nest + nest->nla_len;
  if ((nest->nla_type & NLA_TYPE_MASK) == IPVS_CMD_ATTR_SERVICE) {
    ReadService(first, end);
  } else {
    ReadDestination(first, end);
  }
}

static char* PutKey(char* at, const struct Service* service) {
  at = Put16(at, IPVS_SVC_ATTR_AF, service->family);
  if (service->mark != 0) return Put32(at, IPVS_SVC_ATTR_FWMARK, service->mark);
  at = Put16(at, IPVS_SVC_ATTR_PROTOCOL, service->protocol);
  at = PutAttribute(at, IPVS_SVC_ATTR_ADDR, service->address, sizeof service->address);
  return Put16(at, IPVS_SVC_ATTR_PORT, service->port);
}

unsigned long List(void) {
  char request[kMaxMessage];
  char* end = BeginMessage(request, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
  EndMessage(request, end);
  Send(request, end);
  ReceiveUntil(sequence, ReadEntry);
  for (size_t i = 0; i < service_count; ++i) {
    char* const nest = end = BeginMessage(request, IPVS_CMD_GET_DEST, NLM_F_DUMP);
    end = PutKey(BeginNest(end, IPVS_CMD_ATTR_SERVICE), &services[i]);
    EndNest(nest, end);
    EndMessage(request, end);
    Send(request, end);
    ReceiveUntil(sequence, ReadEntry);
  }
  return service_count + destination_count;
}

void Verify(uint32_t expected_services, uint32_t expected_destinations, uint32_t weight) {
  List();
  if (service_count != expected_services || destination_count != expected_destinations) {
    fprintf(stderr, "floor: the table has %zu services and %zu destinations, not %u and %u\n",
            service_count, destination_count, expected_services, expected_destinations);
    exit(1);
  }
  for (size_t i = 0; i < destination_count; ++i) {
    if (destinations[i].weight != weight) {
      fprintf(stderr, "floor: a destination has the weight %u, not %u\n", destinations[i].weight,
              weight);
      exit(1);
    }
  }
}
