// ARP frames: what was read is written as the same bytes.
#include <algorithm>

#include "fuzz/harness.h"
#include "packet/arp.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto frame = lvskit::packet::DecodeArp(bytes);
  if (frame) {
    const auto written = lvskit::packet::EncodeArp(*frame);
    lvskit::fuzz::Require(std::ranges::equal(written, bytes.first(written.size())));
  }
  return 0;
}
