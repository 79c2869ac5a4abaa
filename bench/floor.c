// The floor: the least a program can spend on a table of IPVS services, in C and without a library.
//
// One generic netlink socket, many requests in one datagram, an acknowledgement for the last of them
// only, and answers read many at a time. Everything else is measured as a multiple of this.
//
//   floor load SERVICES DESTINATIONS    adds the services, each with so many destinations
//   floor edit SERVICES DESTINATIONS    gives every destination another weight
//   floor list                          reads every field of everything
//   floor clear                         removes everything
//   floor rules load|edit SERVICES DESTINATIONS    prints the same work as rules for ipvsadm -R
//   floor verify load|edit SERVICES DESTINATIONS   fails unless the table is what that work leaves
//   floor verify clear                             fails unless the table is empty
//
// What it did goes to descriptor 3, when there is one, as JSON: `insideMs`, from the first statement
// to the last, and `operations`. LVSKIT_FLOOR_BATCH and LVSKIT_FLOOR_CHUNK change the number of
// requests in a datagram and the size of one receive buffer, to see what they are worth.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kPort = 80, kFirstWeight = 1, kSecondWeight = 5, kSlots = 8, kMaxMessage = 256 };
static const char kScheduler[] = "wlc";

static void Die(const char* what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint32_t ServiceAddress(uint32_t service) { return htonl(0x0a640000u + service); }
static uint32_t DestinationAddress(uint32_t number) { return htonl(0xac100000u + number); }

static unsigned Setting(const char* name, unsigned fallback) {
  const char* text = getenv(name);
  const unsigned value = text == NULL ? fallback : (unsigned)strtoul(text, NULL, 10);
  return value == 0 ? fallback : value;
}

// ---- Messages

static uint16_t family = GENL_ID_CTRL;
static uint32_t sequence;

static char* PutAttribute(char* at, int type, const void* value, size_t length) {
  struct nlattr* header = (struct nlattr*)at;
  header->nla_type = (uint16_t)type;
  header->nla_len = (uint16_t)(NLA_HDRLEN + length);
  memcpy(at + NLA_HDRLEN, value, length);
  memset(at + NLA_HDRLEN + length, 0, NLA_ALIGN(length) - length);
  return at + NLA_HDRLEN + NLA_ALIGN(length);
}

static char* Put16(char* at, int type, uint16_t value) {
  return PutAttribute(at, type, &value, sizeof value);
}

static char* Put32(char* at, int type, uint32_t value) {
  return PutAttribute(at, type, &value, sizeof value);
}

static char* OpenNest(char* at, int type) {
  ((struct nlattr*)at)->nla_type = (uint16_t)(type | NLA_F_NESTED);
  return at + NLA_HDRLEN;
}

static void CloseNest(char* nest, const char* end) {
  ((struct nlattr*)nest)->nla_len = (uint16_t)(end - nest);
}

static char* OpenMessage(char* at, uint8_t command, uint16_t flags) {
  struct nlmsghdr* header = (struct nlmsghdr*)at;
  *header = (struct nlmsghdr){
      .nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = ++sequence};
  struct genlmsghdr* generic = NLMSG_DATA(header);
  *generic = (struct genlmsghdr){.cmd = command, .version = IPVS_GENL_VERSION};
  return at + NLMSG_HDRLEN + GENL_HDRLEN;
}

static void CloseMessage(char* message, const char* end) {
  ((struct nlmsghdr*)message)->nlmsg_len = (uint32_t)(end - message);
}

static char* PutServiceKey(char* at, uint32_t service) {
  const uint32_t address[4] = {ServiceAddress(service)};
  at = Put16(at, IPVS_SVC_ATTR_AF, AF_INET);
  at = Put16(at, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
  at = PutAttribute(at, IPVS_SVC_ATTR_ADDR, address, sizeof address);
  return Put16(at, IPVS_SVC_ATTR_PORT, htons(kPort));
}

static char* PutNewService(char* at, uint32_t service) {
  char* const message = at;
  char* const nest = at = OpenMessage(at, IPVS_CMD_NEW_SERVICE, 0);
  at = PutServiceKey(OpenNest(at, IPVS_CMD_ATTR_SERVICE), service);
  const struct ip_vs_flags flags = {.flags = 0, .mask = ~0u};
  at = PutAttribute(at, IPVS_SVC_ATTR_SCHED_NAME, kScheduler, sizeof kScheduler);
  at = PutAttribute(at, IPVS_SVC_ATTR_FLAGS, &flags, sizeof flags);
  at = Put32(at, IPVS_SVC_ATTR_TIMEOUT, 0);
  at = Put32(at, IPVS_SVC_ATTR_NETMASK, ~0u);
  CloseNest(nest, at);
  CloseMessage(message, at);
  return at;
}

static char* PutDestination(char* at, uint8_t command, uint32_t service, uint32_t number,
                            uint32_t weight) {
  char* const message = at;
  char* const key = at = OpenMessage(at, command, 0);
  at = PutServiceKey(OpenNest(at, IPVS_CMD_ATTR_SERVICE), service);
  CloseNest(key, at);
  char* const nest = at;
  const uint32_t address[4] = {DestinationAddress(number)};
  at = OpenNest(at, IPVS_CMD_ATTR_DEST);
  at = Put16(at, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
  at = PutAttribute(at, IPVS_DEST_ATTR_ADDR, address, sizeof address);
  at = Put16(at, IPVS_DEST_ATTR_PORT, htons(kPort));
  at = Put32(at, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_DROUTE);
  at = Put32(at, IPVS_DEST_ATTR_WEIGHT, weight);
  at = Put32(at, IPVS_DEST_ATTR_U_THRESH, 0);
  at = Put32(at, IPVS_DEST_ATTR_L_THRESH, 0);
  CloseNest(nest, at);
  CloseMessage(message, at);
  return at;
}

// ---- The socket

static int fd;
static char* slots[kSlots];
static size_t chunk;
static struct mmsghdr answers[kSlots];

typedef void Handler(const struct nlmsghdr* message);

static void Send(const char* from, const char* to) {
  if (send(fd, from, (size_t)(to - from), 0) != to - from) Die("send");
}

// The kernel has queued its answer when send() returns; hence no waiting, and no end but `last`.
static void ReceiveUntil(uint32_t last, Handler* handle) {
  for (;;) {
    const int count = recvmmsg(fd, answers, kSlots, MSG_DONTWAIT, NULL);
    if (count < 0) Die("recvmmsg");
    bool complete = false;
    for (int i = 0; i < count; ++i) {
      const struct nlmsghdr* message = (const struct nlmsghdr*)slots[i];
      unsigned left = answers[i].msg_len;
      for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
        if (message->nlmsg_type == NLMSG_ERROR) {
          const struct nlmsgerr* error = NLMSG_DATA(message);
          errno = -error->error;
          if (errno != 0) Die("the kernel refused");
        }
        if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
          complete |= message->nlmsg_seq == last;
        } else {
          handle(message);
        }
      }
    }
    if (complete) return;
  }
}

static void FindFamily(const struct nlmsghdr* message) {
  const char* at = (const char*)NLMSG_DATA(message) + GENL_HDRLEN;
  const char* const end = (const char*)message + message->nlmsg_len;
  while (at < end) {
    const struct nlattr* attribute = (const struct nlattr*)at;
    if (attribute->nla_type == CTRL_ATTR_FAMILY_ID) memcpy(&family, at + NLA_HDRLEN, 2);
    at += NLA_ALIGN(attribute->nla_len);
  }
}

static void Open(void) {
  fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
  const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
  if (fd < 0 || bind(fd, (const struct sockaddr*)&address, sizeof address) != 0) Die("socket");
  static struct iovec parts[kSlots];
  chunk = Setting("LVSKIT_FLOOR_CHUNK", 8192);
  for (int i = 0; i < kSlots; ++i) {
    slots[i] = malloc(chunk);
    parts[i] = (struct iovec){.iov_base = slots[i], .iov_len = chunk};
    answers[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  char request[kMaxMessage];
  char* end = OpenMessage(request, CTRL_CMD_GETFAMILY, NLM_F_ACK);
  end = PutAttribute(end, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof IPVS_GENL_NAME);
  CloseMessage(request, end);
  Send(request, end);
  ReceiveUntil(sequence, FindFamily);
}

// ---- The four kinds of work

static char* batch;
static char* batch_end;
static char* batch_last;
static unsigned batch_count;

static void IgnoreReply(const struct nlmsghdr* message) { (void)message; }

static void FlushBatch(void) {
  if (batch_count == 0) return;
  ((struct nlmsghdr*)batch_last)->nlmsg_flags |= NLM_F_ACK;
  Send(batch, batch_end);
  ReceiveUntil(sequence, IgnoreReply);
  batch_end = batch;
  batch_count = 0;
}

static unsigned long Change(bool load, uint32_t services, uint32_t destinations) {
  const unsigned batch_size = Setting("LVSKIT_FLOOR_BATCH", 64);
  batch = batch_end = malloc((size_t)batch_size * kMaxMessage);
  for (uint32_t service = 0; service < services; ++service) {
    for (uint32_t i = load ? 0 : 1; i <= destinations; ++i) {
      batch_last = batch_end;
      const uint32_t number = service * destinations + i - 1;
      batch_end = i == 0 ? PutNewService(batch_end, service)
                         : PutDestination(batch_end, load ? IPVS_CMD_NEW_DEST : IPVS_CMD_SET_DEST,
                                          service, number, load ? kFirstWeight : kSecondWeight);
      if (++batch_count == batch_size) FlushBatch();
    }
  }
  FlushBatch();
  return (unsigned long)services * (destinations + (load ? 1 : 0));
}

// Every attribute of a service or destination is an integer, a short string or a nest of counters.
struct Record {
  char key[64];
  uint16_t key_length;
  unsigned char fields[16][16];
  uint64_t counters[2][16];
};

static struct Record* records;
static size_t record_count;
static size_t record_capacity;

static void ReadRecord(const struct nlmsghdr* message) {
  if (record_count == record_capacity) {
    record_capacity = record_capacity == 0 ? 1024 : 2 * record_capacity;
    records = realloc(records, record_capacity * sizeof *records);
    if (records == NULL) Die("realloc");
  }
  struct Record* record = &records[record_count++];
  const struct nlattr* nest = (const struct nlattr*)((char*)NLMSG_DATA(message) + GENL_HDRLEN);
  const bool service = (nest->nla_type & NLA_TYPE_MASK) == IPVS_CMD_ATTR_SERVICE;
  const int counters[2] = {service ? IPVS_SVC_ATTR_STATS : IPVS_DEST_ATTR_STATS,
                           service ? IPVS_SVC_ATTR_STATS64 : IPVS_DEST_ATTR_STATS64};
  char* key = record->key;
  const char* const end = (const char*)nest + nest->nla_len;
  for (const char* at = (const char*)nest + NLA_HDRLEN; at < end;) {
    const struct nlattr* attribute = (const struct nlattr*)at;
    const int type = attribute->nla_type & NLA_TYPE_MASK;
    const size_t length = attribute->nla_len - NLA_HDRLEN;
    if (type == counters[0] || type == counters[1]) {
      uint64_t* const into = record->counters[type == counters[1]];
      for (const char* counter = at + NLA_HDRLEN; counter < at + attribute->nla_len;) {
        const struct nlattr* header = (const struct nlattr*)counter;
        const int name = header->nla_type & 15;
        into[name] = 0;
        memcpy(&into[name], counter + NLA_HDRLEN, header->nla_len - NLA_HDRLEN);
        counter += NLA_ALIGN(header->nla_len);
      }
    } else {
      memcpy(record->fields[type & 15], at + NLA_HDRLEN, length <= 16 ? length : 16);
      if (service && (type <= IPVS_SVC_ATTR_PORT || type == IPVS_SVC_ATTR_FWMARK)) {
        key = PutAttribute(key, type, at + NLA_HDRLEN, length);
      }
    }
    at += NLA_ALIGN(attribute->nla_len);
  }
  record->key_length = (uint16_t)(key - record->key);
}

static unsigned long List(void) {
  char request[kMaxMessage];
  char* end = OpenMessage(request, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
  CloseMessage(request, end);
  Send(request, end);
  ReceiveUntil(sequence, ReadRecord);
  const size_t services = record_count;
  for (size_t i = 0; i < services; ++i) {
    char* const nest = end = OpenMessage(request, IPVS_CMD_GET_DEST, NLM_F_DUMP);
    end = OpenNest(end, IPVS_CMD_ATTR_SERVICE);
    memcpy(end, records[i].key, records[i].key_length);
    end += records[i].key_length;
    CloseNest(nest, end);
    CloseMessage(request, end);
    Send(request, end);
    ReceiveUntil(sequence, ReadRecord);
  }
  return record_count;
}

static unsigned long Clear(void) {
  char request[kMaxMessage];
  char* const end = OpenMessage(request, IPVS_CMD_FLUSH, NLM_F_ACK);
  CloseMessage(request, end);
  Send(request, end);
  ReceiveUntil(sequence, IgnoreReply);
  return 1;
}

static void Verify(bool load, uint32_t services, uint32_t destinations) {
  const uint64_t expected = (uint64_t)services * (destinations + 1);
  const uint32_t weight = load ? kFirstWeight : kSecondWeight;
  if (List() != expected) {
    fprintf(stderr, "floor: the table has %zu entries, not %llu\n", record_count,
            (unsigned long long)expected);
    exit(1);
  }
  for (size_t i = services; i < record_count; ++i) {
    if (memcmp(records[i].fields[IPVS_DEST_ATTR_WEIGHT], &weight, sizeof weight) != 0) {
      fprintf(stderr, "floor: a destination has not the weight %u\n", weight);
      exit(1);
    }
  }
}

static void PrintRules(bool load, uint32_t services, uint32_t destinations) {
  for (uint32_t service = 0; service < services; ++service) {
    char vip[INET_ADDRSTRLEN];
    const uint32_t service_address = ServiceAddress(service);
    inet_ntop(AF_INET, &service_address, vip, sizeof vip);
    if (load) printf("-A -t %s:%d -s %s\n", vip, kPort, kScheduler);
    for (uint32_t i = 0; i < destinations; ++i) {
      char rip[INET_ADDRSTRLEN];
      const uint32_t address = DestinationAddress(service * destinations + i);
      inet_ntop(AF_INET, &address, rip, sizeof rip);
      printf("-%c -t %s:%d -r %s:%d -g -w %d\n", load ? 'a' : 'e', vip, kPort, rip, kPort,
             load ? kFirstWeight : kSecondWeight);
    }
  }
}

static double NowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static uint32_t Count(const char* text) {
  char* end;
  const unsigned long value = strtoul(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value == 0 || value > 65536) {
    fprintf(stderr, "floor: %s is not a number from 1 to 65536\n", text);
    exit(2);
  }
  return (uint32_t)value;
}

int main(int count, char** arguments) {
  const double start = NowMs();
  const char* const work = count > 1 ? arguments[1] : "";
  unsigned long operations;
  const char* const of = count > 2 ? arguments[2] : "";
  const bool load = strcmp(count == 5 ? of : work, "load") == 0;
  if (count == 5 && strcmp(work, "rules") == 0) {
    PrintRules(load, Count(arguments[3]), Count(arguments[4]));
    return 0;
  }
  if (count == 5 && strcmp(work, "verify") == 0) {
    Open();
    Verify(load, Count(arguments[3]), Count(arguments[4]));
    return 0;
  }
  if (count == 3 && strcmp(work, "verify") == 0 && strcmp(of, "clear") == 0) {
    Open();
    Verify(false, 0, 0);
    return 0;
  }
  if (count == 4 && (strcmp(work, "load") == 0 || strcmp(work, "edit") == 0)) {
    Open();
    operations = Change(load, Count(arguments[2]), Count(arguments[3]));
  } else if (count == 2 && strcmp(work, "list") == 0) {
    Open();
    operations = List();
  } else if (count == 2 && strcmp(work, "clear") == 0) {
    Open();
    operations = Clear();
  } else {
    fputs("usage: floor load|edit SERVICES DESTINATIONS | floor list | floor clear\n"
          "       floor rules|verify load|edit SERVICES DESTINATIONS | floor verify clear\n",
          stderr);
    return 2;
  }
  dprintf(3, "{\"insideMs\":%.6f,\"operations\":%lu}", NowMs() - start, operations);
  return 0;
}
