// Destinations as IPVS describes them: what was read is written and read back the same.
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <cstring>

#include "fuzz/harness.h"
#include "ipvs/decode.h"
#include "ipvs/encode.h"

namespace lvskit {
namespace {

void Check(const netlink::Message& message) {
  ipvs::DestinationRecord destination;
  ipvs::StatisticsRecord statistics;
  ipvs::DecodeDestination(message, destination, statistics);

  ipvs::RequestRecord request{};
  request.command = IPVS_CMD_NEW_DEST;
  request.rule.service.family = AF_INET;
  request.rule.destination = destination;
  netlink::MessageWriter writer;
  ipvs::EncodeRequest(writer, 1, 1, request);
  netlink::MessageReader reader(writer.bytes());
  netlink::Message written{};
  fuzz::Require(reader.Next(written));
  ipvs::DestinationRecord again;
  ipvs::DecodeDestination(written, again, statistics);
  // Counts of connections are the kernel's to tell; a plain IPIP tunnel has no port and flags.
  again.active_connections = destination.active_connections;
  again.inactive_connections = destination.inactive_connections;
  again.persistent_connections = destination.persistent_connections;
  if (destination.tunnel_type == 0) {
    again.tunnel_port = destination.tunnel_port;
    again.tunnel_flags = destination.tunnel_flags;
  }
  fuzz::Require(std::memcmp(&destination, &again, sizeof destination) == 0);
}

}  // namespace
}  // namespace lvskit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::ForEachMessage(data, size, lvskit::Check);
}
