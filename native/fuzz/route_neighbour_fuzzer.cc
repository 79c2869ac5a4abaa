// Neighbours.
#include "fuzz/route_harness.h"
#include "route/neighbour.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::RoundTrip<lvskit::route::Neighbour>(data, size);
}
