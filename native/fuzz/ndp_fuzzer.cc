// Neighbour solicitations and advertisements: what was read, is written and read back the same.
#include <cstring>
#include <vector>

#include "fuzz/harness.h"
#include "packet/checksum.h"
#include "packet/ndp.h"

namespace lvskit {
namespace {

bool Same(const packet::NdpFrame& one, const packet::NdpFrame& other) {
  return one.destination == other.destination && one.source == other.source &&
         one.source_ip == other.source_ip && one.destination_ip == other.destination_ip &&
         one.type == other.type && one.router == other.router && one.solicited == other.solicited &&
         one.override_cached == other.override_cached && one.target == other.target &&
         one.link_layer == other.link_layer;
}

void Check(std::span<const std::byte> bytes) {
  const auto frame = packet::DecodeNdp(bytes);
  if (!frame) return;
  const auto again = packet::DecodeNdp(packet::EncodeNdp(*frame));
  fuzz::Require(again.has_value() && Same(*frame, *again));
}

/// Fills in the checksum, which a fuzzer would not guess, so that what is behind it is reached.
std::vector<std::byte> WithChecksum(std::span<const std::byte> bytes) {
  constexpr size_t kSource = 22;
  constexpr size_t kDestination = 38;
  constexpr size_t kMessage = 54;
  std::vector<std::byte> mended(bytes.begin(), bytes.end());
  const size_t size =
      std::to_integer<size_t>(mended[18]) << 8 | std::to_integer<size_t>(mended[19]);
  if (size < 4 || size > mended.size() - kMessage) return mended;
  packet::Ipv6Address source;
  packet::Ipv6Address destination;
  std::memcpy(source.data(), &mended[kSource], source.size());
  std::memcpy(destination.data(), &mended[kDestination], destination.size());
  mended[kMessage + 2] = mended[kMessage + 3] = std::byte{0};
  const uint16_t checksum =
      packet::Icmpv6Checksum(source, destination, std::span(mended).subspan(kMessage, size));
  mended[kMessage + 2] = static_cast<std::byte>(checksum >> 8);
  mended[kMessage + 3] = static_cast<std::byte>(checksum);
  return mended;
}

}  // namespace
}  // namespace lvskit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  lvskit::Check(bytes);
  if (size >= 58) lvskit::Check(lvskit::WithChecksum(bytes));
  return 0;
}
