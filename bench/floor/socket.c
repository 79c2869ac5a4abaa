#define _GNU_SOURCE
#include "socket.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "message.h"

enum { kSlots = 8 };

static int fd;
static char* slots[kSlots];
static struct mmsghdr answers[kSlots];

unsigned Setting(const char* name, unsigned fallback) {
  const char* text = getenv(name);
  const unsigned value = text == NULL ? 0 : (unsigned)strtoul(text, NULL, 10);
  return value == 0 ? fallback : value;
}

void Send(const char* from, const char* to) {
  if (send(fd, from, (size_t)(to - from), 0) != to - from) Die("send");
}

static bool HandleDatagram(const char* datagram, unsigned length, uint32_t last, Handler* handle) {
  bool complete = false;
  const struct nlmsghdr* message = (const struct nlmsghdr*)datagram;
  for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
    if (message->nlmsg_type == NLMSG_ERROR) {
      errno = -((const struct nlmsgerr*)NLMSG_DATA(message))->error;
      if (errno != 0) Die("the kernel refused");
    }
    if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
      complete |= message->nlmsg_seq == last;
    } else {
      handle(message);
    }
  }
  return complete;
}

void ReceiveUntil(uint32_t last, Handler* handle) {
  for (bool complete = false; !complete;) {
    // The kernel has queued its answer, or the first part of it, when send() returns.
    const int count = recvmmsg(fd, answers, kSlots, MSG_DONTWAIT, NULL);
    if (count < 0) Die("recvmmsg");
    for (int i = 0; i < count; ++i) {
      complete |= HandleDatagram(slots[i], answers[i].msg_len, last, handle);
    }
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

void OpenSocket(void) {
  fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
  const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
  if (fd < 0 || bind(fd, (const struct sockaddr*)&address, sizeof address) != 0) Die("socket");
  // The kernel makes the pieces of a dump as large as the largest buffer it was ever offered, and
  // clears all of each piece first: the smallest that it goes down to is the cheapest.
  const size_t chunk = Setting("LVSKIT_FLOOR_CHUNK", 4096);
  static struct iovec parts[kSlots];
  for (int i = 0; i < kSlots; ++i) {
    slots[i] = malloc(chunk);
    if (slots[i] == NULL) Die("malloc");
    parts[i] = (struct iovec){.iov_base = slots[i], .iov_len = chunk};
    answers[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  char request[kMaxMessage];
  char* end = BeginMessage(request, CTRL_CMD_GETFAMILY, NLM_F_ACK);
  end = PutAttribute(end, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof IPVS_GENL_NAME);
  EndMessage(request, end);
  Send(request, end);
  ReceiveUntil(sequence, FindFamily);
}
