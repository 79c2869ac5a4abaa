// The answers without a nest: timeouts, and version and table size.
#include "fuzz/harness.h"
#include "ipvs/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using lvskit::netlink::Message;
  lvskit::fuzz::ForEachMessage(data, size, [](const Message& message) {
    lvskit::ipvs::TimeoutsRecord timeouts;
    lvskit::ipvs::DecodeTimeouts(message, timeouts);
  });
  return lvskit::fuzz::ForEachMessage(data, size, [](const Message& message) {
    lvskit::ipvs::InfoRecord info;
    lvskit::ipvs::DecodeInfo(message, info);
  });
}
