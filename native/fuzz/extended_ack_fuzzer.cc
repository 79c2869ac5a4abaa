// Refusals, with and without the refused message and the kernel's words.
#include "fuzz/harness.h"
#include "netlink/socket.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::ForEachMessage(data, size, [](const lvskit::netlink::Message& message) {
    const std::string text = lvskit::netlink::ExtendedAckText(message);
    lvskit::fuzz::Require(text.size() <= message.payload.size());
    lvskit::fuzz::Require(text.find('\0') == std::string::npos);
  });
}
