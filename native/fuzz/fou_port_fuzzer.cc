// Ports of the generic netlink family "fou".
#include <linux/genetlink.h>

#include "fuzz/harness.h"
#include "route/codec.h"
#include "route/fou_port.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::ForEachMessage(data, size, [](const lvskit::netlink::Message& message) {
    lvskit::route::FouPort port;
    lvskit::route::Decode(message.AttributesAfter<genlmsghdr>(), port);
  });
}
