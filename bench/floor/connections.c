#define _GNU_SOURCE
#include "connections.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ip_vs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "message.h"

// The protocol of sync daemons, version 1: a header, then the entries. Numbers are in network order.
struct SyncHeader {
  uint8_t reserved;
  uint8_t sync_id;
  uint16_t size;
  uint8_t entries;
  int8_t version;
  uint16_t spare;
};

struct SyncEntry {
  uint8_t type;
  uint8_t protocol;
  uint16_t size;
  uint32_t flags;
  uint16_t state;
  uint16_t client_port;
  uint16_t virtual_port;
  uint16_t destination_port;
  uint32_t firewall_mark;
  uint32_t timeout;
  uint32_t client;
  uint32_t virtual_address;
  uint32_t destination;
};

enum { kSyncPort = 8848, kEstablished = 1, kEntries = 40, kTimeout = 7200, kMessagesAtOnce = 16 };

/// Connection `number` of the plan: clients with 50,000 ports each, a thousand destinations.
static struct SyncEntry Entry(unsigned long number) {
  return (struct SyncEntry){
      .protocol = IPPROTO_TCP,
      .size = htons(sizeof(struct SyncEntry)),
      .flags = htonl(IP_VS_CONN_F_DROUTE),
      .state = htons(kEstablished),
      .client_port = htons((uint16_t)(10000 + number % 50000)),
      .virtual_port = htons(80),
      .destination_port = htons(80),
      .timeout = htonl(kTimeout),
      .client = htonl((uint32_t)(0x64400000 + number / 50000)),
      .virtual_address = htonl(0x0a640000),
      .destination = htonl((uint32_t)(0xac100000 + number % 1000)),
  };
}

static int Open(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) Die(path);
  return file;
}

/// Whether anything waits for the backup daemon. What its buffer cannot hold would be lost.
static bool IsBehind(void) {
  char table[16384];
  const int file = Open("/proc/net/udp");
  const ssize_t size = read(file, table, sizeof table - 1);
  close(file);
  if (size < 0) Die("/proc/net/udp");
  table[size] = '\0';
  for (const char* at = table; (at = strstr(at, ":2290 ")) != NULL; ++at) {
    unsigned long sent;
    unsigned long waiting;
    if (sscanf(at, ":2290 %*s %*x %lx:%lx", &sent, &waiting) == 2 && waiting > 0) return true;
  }
  return false;
}

static void Pause(void) {
  const struct timespec pause = {.tv_nsec = 1000000};
  nanosleep(&pause, NULL);
}

unsigned long FeedConnections(unsigned long count, const char* address) {
  const int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sender < 0) Die("socket");
  struct in_addr link;
  if (inet_aton(address, &link) == 0) Die(address);
  if (setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &link, sizeof link) != 0) Die("setsockopt");
  const struct sockaddr_in group = {.sin_family = AF_INET,
                                    .sin_port = htons(kSyncPort),
                                    .sin_addr.s_addr = htonl(0xe0000051)};
  struct {
    struct SyncHeader header;
    struct SyncEntry entries[kEntries];
  } message = {.header = {.version = 1}};
  unsigned messages = 0;
  for (unsigned long sent = 0; sent < count;) {
    const unsigned entries = count - sent < kEntries ? (unsigned)(count - sent) : kEntries;
    const size_t size = sizeof message.header + entries * sizeof *message.entries;
    for (unsigned i = 0; i < entries; ++i) message.entries[i] = Entry(sent + i);
    message.header.entries = (uint8_t)entries;
    message.header.size = htons((uint16_t)size);
    if (sendto(sender, &message, size, 0, (const struct sockaddr*)&group, sizeof group) < 0) {
      if (errno != ENOBUFS && errno != EAGAIN) Die("sendto");
      Pause();
      continue;
    }
    sent += entries;
    if (++messages % kMessagesAtOnce == 0) {
      while (IsBehind()) Pause();
    }
  }
  while (IsBehind()) Pause();
  close(sender);
  return count;
}

unsigned long ReadConnections(void) {
  static char block[65536];
  unsigned long lines = 0;
  const int file = Open("/proc/net/ip_vs_conn");
  for (;;) {
    const ssize_t size = read(file, block, sizeof block);
    if (size < 0) Die("/proc/net/ip_vs_conn");
    if (size == 0) break;
    const char* const end = block + size;
    for (const char* at = block; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; ++at) ++lines;
  }
  close(file);
  return lines > 0 ? lines - 1 : 0;
}
