// Sync daemons as IPVS describes them.
#include <sys/socket.h>

#include "fuzz/harness.h"
#include "ipvs/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::ForEachMessage(data, size, [](const lvskit::netlink::Message& message) {
    lvskit::ipvs::DaemonRecord daemon;
    lvskit::ipvs::DecodeDaemon(message, daemon);
    lvskit::fuzz::Require(daemon.interface.back() == std::byte{0});
    lvskit::fuzz::Require(daemon.group_family == 0 || daemon.group_family == AF_INET ||
                          daemon.group_family == AF_INET6);
  });
}
