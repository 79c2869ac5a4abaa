// Tables of any records: a whole one has a line for each record that is counted, in every layout.
#include <algorithm>
#include <cstring>

#include "fuzz/harness.h"
#include "ipvs/records.h"
#include "text/table_lines.h"

namespace lvskit {
namespace {

size_t Records(const text::PackedTable& table) {
  size_t count = 0;
  for (size_t at = 0; at < table.services.size(); at += table.service_stride) {
    ipvs::ServiceRecord service;
    std::memcpy(&service, table.services.data() + at, sizeof service);
    count += 1 + size_t{service.destination_count};
  }
  return count;
}

void Check(const text::PackedTable& table) {
  if (!text::IsWhole(table)) return;
  const size_t records = Records(table);
  for (const bool statistics : {false, true}) {
    for (const bool sort : {false, true}) {
      const auto lines =
          text::TableLines(table, {.statistics = statistics, .exact = sort, .sort = sort});
      // Names of schedulers and engines may have line breaks of their own here.
      fuzz::Require(static_cast<size_t>(std::ranges::count(lines, '\n')) >= records);
    }
  }
}

}  // namespace
}  // namespace lvskit

/// The first byte is how many services there are; behind them are the destinations.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto records = std::as_bytes(std::span(data, size)).subspan(1);
  for (const size_t behind : {size_t{0}, sizeof(lvskit::ipvs::StatisticsRecord)}) {
    const size_t stride = sizeof(lvskit::ipvs::ServiceRecord) + behind;
    const size_t services = std::min(data[0] * stride, records.size());
    lvskit::Check({.services = records.first(services),
                   .service_stride = stride,
                   .destinations = records.subspan(services),
                   .destination_stride = sizeof(lvskit::ipvs::DestinationRecord) + behind});
  }
  return 0;
}
