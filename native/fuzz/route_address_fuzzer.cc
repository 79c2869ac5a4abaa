// Addresses of links.
#include "fuzz/route_harness.h"
#include "route/address.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::RoundTrip<lvskit::route::Address>(data, size);
}
