// Routing policy rules.
#include "fuzz/route_harness.h"
#include "route/rule.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::RoundTrip<lvskit::route::Rule>(data, size);
}
