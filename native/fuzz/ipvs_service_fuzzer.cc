// Services as IPVS describes them: names keep their terminating NUL, and what was read is written
// and read back the same.
#include <linux/ip_vs.h>

#include <cstring>

#include "fuzz/harness.h"
#include "ipvs/decode.h"
#include "ipvs/encode.h"

namespace lvskit {
namespace {

void Check(const netlink::Message& message) {
  ipvs::ServiceRecord service;
  ipvs::StatisticsRecord statistics;
  ipvs::DecodeService(message, service, statistics);
  fuzz::Require(service.scheduler.back() == std::byte{0});
  fuzz::Require(service.engine.back() == std::byte{0});

  ipvs::RequestRecord request{};
  request.command = IPVS_CMD_NEW_SERVICE;
  request.rule.service = service;
  netlink::MessageWriter writer;
  ipvs::EncodeRequest(writer, 1, 1, request);
  netlink::MessageReader reader(writer.bytes());
  netlink::Message written{};
  fuzz::Require(reader.Next(written));
  ipvs::ServiceRecord again;
  ipvs::DecodeService(written, again, statistics);
  if (service.firewall_mark != 0) {
    // A service by mark has no protocol, address and port of its own: they are not written.
    again.protocol = service.protocol;
    again.port = service.port;
    again.address = service.address;
  }
  fuzz::Require(std::memcmp(&service, &again, sizeof service) == 0);
}

}  // namespace
}  // namespace lvskit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return lvskit::fuzz::ForEachMessage(data, size, lvskit::Check);
}
