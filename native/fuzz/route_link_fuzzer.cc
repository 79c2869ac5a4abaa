// Links, with what each kind of virtual link adds.
#include "fuzz/route_harness.h"
#include "route/link.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::RoundTrip<lvskit::route::Link>(data, size);
}
