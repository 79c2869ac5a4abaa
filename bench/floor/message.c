#include "message.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint16_t family = GENL_ID_CTRL;
uint32_t sequence;

char* BeginMessage(char* at, uint8_t command, uint16_t flags) {
  struct nlmsghdr* header = (struct nlmsghdr*)at;
  *header = (struct nlmsghdr){
      .nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = ++sequence};
  struct genlmsghdr* generic = NLMSG_DATA(header);
  *generic = (struct genlmsghdr){.cmd = command, .version = IPVS_GENL_VERSION};
  return at + NLMSG_HDRLEN + GENL_HDRLEN;
}

void EndMessage(char* message, const char* end) {
  ((struct nlmsghdr*)message)->nlmsg_len = (uint32_t)(end - message);
}

char* BeginNest(char* at, int type) {
  ((struct nlattr*)at)->nla_type = (uint16_t)(type | NLA_F_NESTED);
  return at + NLA_HDRLEN;
}

void EndNest(char* nest, const char* end) {
  ((struct nlattr*)nest)->nla_len = (uint16_t)(end - nest);
}

char* PutAttribute(char* at, int type, const void* value, size_t length) {
  struct nlattr* header = (struct nlattr*)at;
  header->nla_type = (uint16_t)type;
  header->nla_len = (uint16_t)(NLA_HDRLEN + length);
  memcpy(at + NLA_HDRLEN, value, length);
  memset(at + NLA_HDRLEN + length, 0, NLA_ALIGN(length) - length);
  return at + NLA_HDRLEN + NLA_ALIGN(length);
}

char* Put16(char* at, int type, uint16_t value) {
  return PutAttribute(at, type, &value, sizeof value);
}

char* Put32(char* at, int type, uint32_t value) {
  return PutAttribute(at, type, &value, sizeof value);
}

void Die(const char* what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}
