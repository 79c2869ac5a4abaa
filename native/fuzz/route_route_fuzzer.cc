// Routes, with metrics and several gateways.
#include "fuzz/route_harness.h"
#include "route/route.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::RoundTrip<lvskit::route::Route>(data, size);
}
