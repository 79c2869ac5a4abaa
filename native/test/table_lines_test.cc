#include "text/table_lines.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipvs/records.h"
#include "support.h"
#include "text/order.h"

namespace lvskit {
namespace {

using ipvs::DestinationRecord;
using ipvs::ServiceRecord;
using ipvs::StatisticsRecord;
using text::PackedTable;
using text::TableLayout;

template <typename Record>
void SetAddress(Record& record, const char* address) {
  record.family =
      std::string_view(address).find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  REQUIRE(::inet_pton(record.family, address, record.address.data()) == 1);
}

template <size_t kSize>
void SetName(std::array<std::byte, kSize>& field, std::string_view name) {
  std::memcpy(field.data(), name.data(), name.size());
}

ServiceRecord Service(const char* address, uint32_t destinations) {
  ServiceRecord service{};
  SetAddress(service, address);
  service.protocol = IPPROTO_TCP;
  service.port = 80;
  service.netmask = service.family == AF_INET ? UINT32_MAX : 128;
  SetName(service.scheduler, "wlc");
  service.destination_count = destinations;
  return service;
}

DestinationRecord Destination(const char* address) {
  DestinationRecord destination{};
  SetAddress(destination, address);
  destination.port = 8080;
  destination.forwarding = IP_VS_CONN_F_DROUTE;
  destination.weight = 1;
  return destination;
}

/// Records one behind the other, each with these counters behind it.
template <typename Record>
std::vector<std::byte> Packed(const std::vector<Record>& records, uint64_t counter) {
  StatisticsRecord statistics{};
  statistics.connections = counter;
  statistics.bytes_out = counter * 1000;
  std::vector<std::byte> bytes;
  for (const Record& record : records) {
    const auto first = std::as_bytes(std::span(&record, 1));
    const auto second = std::as_bytes(std::span(&statistics, 1));
    bytes.insert(bytes.end(), first.begin(), first.end());
    bytes.insert(bytes.end(), second.begin(), second.end());
  }
  return bytes;
}

class Table {
 public:
  Table(const std::vector<ServiceRecord>& services,
        const std::vector<DestinationRecord>& destinations, uint64_t counter = 0)
      : services_(Packed(services, counter)), destinations_(Packed(destinations, counter)) {}

  [[nodiscard]] PackedTable packed() const {
    return {.services = services_,
            .service_stride = sizeof(ServiceRecord) + sizeof(StatisticsRecord),
            .destinations = destinations_,
            .destination_stride = sizeof(DestinationRecord) + sizeof(StatisticsRecord)};
  }

  [[nodiscard]] std::string Lines(const TableLayout& layout) const {
    REQUIRE(text::IsWhole(packed()));
    return text::TableLines(packed(), layout);
  }

 private:
  std::vector<std::byte> services_;
  std::vector<std::byte> destinations_;
};

constexpr TableLayout kSettings = {.statistics = false, .exact = false, .sort = true};
constexpr TableLayout kCounters = {.statistics = true, .exact = false, .sort = true};
constexpr TableLayout kExact = {.statistics = true, .exact = true, .sort = true};

TEST_CASE("services and destinations are listed in ipvsadm's order and columns") {
  ServiceRecord marked{};
  marked.family = AF_INET6;
  marked.firewall_mark = UINT32_MAX;
  SetName(marked.scheduler, "mh");
  marked.flags = IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2 | IP_VS_SVC_F_SCHED3 |
                 IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET;
  marked.timeout = 300;
  marked.netmask = 64;
  SetName(marked.engine, "sip");
  DestinationRecord strange = Destination("2001:db8::2");
  strange.forwarding = IP_VS_CONN_F_BYPASS;
  strange.weight = UINT32_MAX;
  const Table table({Service("10.0.0.2", 2), marked, Service("10.0.0.1", 0)},
                    {Destination("10.1.0.9"), Destination("10.1.0.1"), strange});
  // Of the mark's own count there is none, so the third is nobody's.
  CHECK(table.Lines(kSettings) ==
        "FWM  -1 IPv6 mh (mh-fallback,mh-port) persistent 300 mask 64 pe sip ops\n"
        "TCP  10.0.0.1:80 wlc\n"
        "TCP  10.0.0.2:80 wlc\n"
        "  -> 10.1.0.1:8080                Route   1      0          0         \n"
        "  -> 10.1.0.9:8080                Route   1      0          0         \n");
  ServiceRecord six = Service("2001:db8::1", 1);
  six.protocol = 47;
  CHECK(Table({six}, {strange}).Lines(kSettings) ==
        "?    [2001:db8::1]:80 wlc\n"
        "  -> [2001:db8::2]:8080           (null)  -1     0          0         \n");
}

TEST_CASE("counters are cut to a unit, or shown in full") {
  const auto line = [](uint64_t counter, const TableLayout& layout) {
    return Table({Service("10.0.0.1", 0)}, {}, counter).Lines(layout);
  };
  CHECK(line(7, kCounters) ==
        "TCP  10.0.0.1:80                         7        0        0        0     7000\n");
  CHECK(line(99'999'999, kCounters) ==
        "TCP  10.0.0.1:80                  99999999        0        0        0   99999M\n");
  CHECK(line(100'000'000'000'000, kCounters) ==
        "TCP  10.0.0.1:80                      100T        0        0        0  100000T\n");
  CHECK(line(100'000'000'000'000, kExact) ==
        "TCP  10.0.0.1:80                  100000000000000        0        0        0 "
        "100000000000000000\n");
}

TEST_CASE("records whose counts and sizes do not agree are no table") {
  const Table table({Service("10.0.0.1", 1)}, {Destination("10.1.0.1")});
  CHECK(text::IsWhole(table.packed()));
  PackedTable wrong = table.packed();
  wrong.destinations = wrong.destinations.first(wrong.destinations.size() - 1);
  CHECK_FALSE(text::IsWhole(wrong));
  wrong = table.packed();
  wrong.services = wrong.services.first(wrong.services.size() - 1);
  CHECK_FALSE(text::IsWhole(wrong));
  wrong = table.packed();
  wrong.service_stride = 0;
  CHECK_FALSE(text::IsWhole(wrong));
  wrong = table.packed();
  wrong.destination_stride = sizeof(DestinationRecord) - 1;
  CHECK_FALSE(text::IsWhole(wrong));
  CHECK_FALSE(text::IsWhole(Table({Service("10.0.0.1", UINT32_MAX)}, {}).packed()));
}

TEST_CASE("an order that goes in a circle is that of the C library's merge sort") {
  std::vector<text::SortKey> keys;
  for (const uint32_t first : {192U, 127U, 10U}) {
    keys.push_back({.mark = 0, .kind = 6, .ipv6 = false, .address = {first << 24}, .port = 80});
  }
  text::Order order;
  // 10 and 127 are compared first, and 192 with the first of them: which it is before.
  CHECK(order.Sort(keys) == std::vector<uint32_t>{0, 2, 1});
}

}  // namespace
}  // namespace lvskit
