// The generic netlink controller's descriptions of families.
#include "fuzz/harness.h"
#include "netlink/generic.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::ForEachMessage(data, size, [](const lvskit::netlink::Message& message) {
    (void)lvskit::netlink::DecodeFamilyNumber(message);
  });
}
