#include "plan.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <stdio.h>

#include "message.h"

enum { kPort = 80 };
static const char kScheduler[] = "wlc";

static uint32_t ServiceAddress(uint32_t service) { return htonl(0x0a640000u + service); }
static uint32_t DestinationAddress(uint32_t number) { return htonl(0xac100000u + number); }

static char* PutServiceKey(char* at, uint32_t service) {
  const uint32_t address[4] = {ServiceAddress(service)};
  at = Put16(at, IPVS_SVC_ATTR_AF, AF_INET);
  at = Put16(at, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
  at = PutAttribute(at, IPVS_SVC_ATTR_ADDR, address, sizeof address);
  return Put16(at, IPVS_SVC_ATTR_PORT, htons(kPort));
}

char* PutNewService(char* at, uint32_t service) {
  char* const message = at;
  char* const nest = at = BeginMessage(at, IPVS_CMD_NEW_SERVICE, 0);
  at = PutServiceKey(BeginNest(at, IPVS_CMD_ATTR_SERVICE), service);
  const struct ip_vs_flags flags = {.flags = 0, .mask = ~0u};
  at = PutAttribute(at, IPVS_SVC_ATTR_SCHED_NAME, kScheduler, sizeof kScheduler);
  at = PutAttribute(at, IPVS_SVC_ATTR_FLAGS, &flags, sizeof flags);
  at = Put32(at, IPVS_SVC_ATTR_TIMEOUT, 0);
  at = Put32(at, IPVS_SVC_ATTR_NETMASK, ~0u);
  EndNest(nest, at);
  EndMessage(message, at);
  return at;
}

char* PutDestination(char* at, uint8_t command, uint32_t service, uint32_t number,
                     uint32_t weight) {
  char* const message = at;
  char* const key = at = BeginMessage(at, command, 0);
  at = PutServiceKey(BeginNest(at, IPVS_CMD_ATTR_SERVICE), service);
  EndNest(key, at);
  char* const nest = at;
  const uint32_t address[4] = {DestinationAddress(number)};
  at = BeginNest(at, IPVS_CMD_ATTR_DEST);
  at = Put16(at, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
  at = PutAttribute(at, IPVS_DEST_ATTR_ADDR, address, sizeof address);
  at = Put16(at, IPVS_DEST_ATTR_PORT, htons(kPort));
  at = Put32(at, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_DROUTE);
  at = Put32(at, IPVS_DEST_ATTR_WEIGHT, weight);
  at = Put32(at, IPVS_DEST_ATTR_U_THRESH, 0);
  at = Put32(at, IPVS_DEST_ATTR_L_THRESH, 0);
  EndNest(nest, at);
  EndMessage(message, at);
  return at;
}

void PrintRules(bool load, uint32_t services, uint32_t destinations) {
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
