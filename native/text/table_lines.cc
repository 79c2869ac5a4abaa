#include "text/table_lines.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "ipvs/records.h"
#include "text/endpoint.h"
#include "text/order.h"
#include "text/text_writer.h"

namespace lvskit::text {

using ipvs::DestinationRecord;
using ipvs::ServiceRecord;
using ipvs::StatisticsRecord;

namespace {

constexpr std::string_view kDestinationMark = "  -> ";
constexpr size_t kDestinationWidth = 28;
constexpr size_t kServiceWidth = 33;  // of both, the mark before destinations included

/// More than any line has: of names and addresses less than a hundred bytes, of numbers twenty
/// each.
constexpr size_t kLongestLine = 512;

template <typename Record>
Record Read(std::span<const std::byte> records, size_t at) {
  Record record;
  std::memcpy(&record, records.data() + at, sizeof record);
  return record;
}

/// The statistics behind a record; zeros where there are none.
template <typename Record>
StatisticsRecord Statistics(std::span<const std::byte> records, size_t at, size_t stride) {
  if (stride < sizeof(Record) + sizeof(StatisticsRecord)) return {};
  return Read<StatisticsRecord>(records, at + sizeof(Record));
}

template <size_t kSize>
std::string_view Name(const std::array<std::byte, kSize>& field) {
  const auto* const text = reinterpret_cast<const char*>(field.data());
  return {text, ::strnlen(text, kSize)};
}

template <typename Record>
SortKey AddressKey(const Record& record) {
  SortKey key{.mark = 0, .kind = 0, .ipv6 = record.family == AF_INET6, .address = {}, .port = 0};
  for (size_t word = 0; word < (key.ipv6 ? 4U : 1U); ++word) {
    uint32_t number = 0;
    std::memcpy(&number, record.address.data() + word * sizeof number, sizeof number);
    key.address[word] = ntohl(number);
  }
  key.port = record.port;
  return key;
}

SortKey KeyOf(const DestinationRecord& destination) { return AddressKey(destination); }

SortKey KeyOf(const ServiceRecord& service) {
  const uint32_t family = service.family == AF_INET6 ? 0x10000 : 0;
  if (service.firewall_mark != 0) {
    return {.mark = service.firewall_mark, .kind = family, .ipv6 = false, .address = {}, .port = 0};
  }
  SortKey key = AddressKey(service);
  key.kind = family + service.protocol;
  return key;
}

template <typename Record>
void WriteEndpoint(TextWriter& line, const Record& record) {
  if (record.family == AF_INET6) {
    WriteIpv6Endpoint(line, record.address, record.port);
  } else {
    WriteIpv4Endpoint(line, std::span(record.address).template first<4>(), record.port);
  }
}

/// A number of 32 bits as `%d` prints it, which every number below 2^31 is the same by.
void WriteSigned(TextWriter& line, uint32_t value) {
  const bool negative = value > INT32_MAX;
  if (negative) line.Character('-');
  line.Number(negative ? 0U - value : value);
}

std::string_view ProtocolName(uint16_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "TCP";
    case IPPROTO_UDP:
      return "UDP";
    case IPPROTO_SCTP:
      return "SCTP";
    default:
      return "?";
  }
}

void WriteServiceName(TextWriter& line, const ServiceRecord& service) {
  if (service.firewall_mark != 0) {
    line.Text("FWM  ");
    WriteSigned(line, service.firewall_mark);
    if (service.family == AF_INET6) line.Text(" IPv6");
    return;
  }
  line.Column(ProtocolName(service.protocol), 4);
  line.Character(' ');
  WriteEndpoint(line, service);
}

/// The flags that the scheduler has names for. Those of sh and mh have two, so a third is lost.
void WriteSchedulerFlags(TextWriter& line, uint32_t flags, std::string_view scheduler) {
  const bool named = scheduler == "sh" || scheduler == "mh";
  std::string_view separator;
  const auto write = [&](uint32_t flag, std::string_view name, std::string_view number) {
    if ((flags & flag) == 0 || (named && name.empty())) return;
    line.Text(separator);
    line.Text(named ? scheduler : "flag");
    line.Text(named ? name : number);
    separator = ",";
  };
  line.Text(" (");
  write(IP_VS_SVC_F_SCHED1, "-fallback", "-1");
  write(IP_VS_SVC_F_SCHED2, "-port", "-2");
  write(IP_VS_SVC_F_SCHED3, "", "-3");
  line.Character(')');
}

/// What clients of a persistent service are told apart by, unless each counts by itself.
void WriteNetmask(TextWriter& line, const ServiceRecord& service) {
  const uint32_t netmask = service.netmask;
  if (service.family == AF_INET6) {
    if (netmask == 128) return;
    line.Text(" mask ");
    line.Number(netmask);
  } else if (netmask != UINT32_MAX) {
    line.Text(" mask ");
    for (unsigned shift = 32; shift > 0; shift -= 8) {
      if (shift < 32) line.Character('.');
      line.Number(netmask >> (shift - 8) & 0xff);
    }
  }
}

void WriteSettings(TextWriter& line, const ServiceRecord& service) {
  constexpr uint32_t kSchedulerFlags = IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2 | IP_VS_SVC_F_SCHED3;
  const std::string_view scheduler = Name(service.scheduler);
  line.Character(' ');
  line.Text(scheduler);
  if ((service.flags & kSchedulerFlags) != 0) WriteSchedulerFlags(line, service.flags, scheduler);
  if ((service.flags & IP_VS_SVC_F_PERSISTENT) != 0) {
    line.Text(" persistent ");
    line.Number(service.timeout);
    WriteNetmask(line, service);
    const std::string_view engine = Name(service.engine);
    if (!engine.empty()) {
      line.Text(" pe ");
      line.Text(engine);
    }
  }
  if ((service.flags & IP_VS_SVC_F_ONEPACKET) != 0) line.Text(" ops");
}

/// The C library prints the name that there is not for a method as `(null)`.
std::string_view ForwardingName(uint32_t method) {
  constexpr std::array<std::string_view, 4> kNames = {" Masq   ", " Local  ", " Tunnel ",
                                                      " Route  "};
  return method < kNames.size() ? kNames[method] : " (null) ";
}

void WriteSettings(TextWriter& line, const DestinationRecord& destination) {
  line.Text(ForwardingName(destination.forwarding));
  line.Character(' ');
  const size_t start = line.written();
  WriteSigned(line, destination.weight);
  line.PadFrom(start, 6);
  line.Character(' ');
  line.NumberColumn(destination.active_connections, 10);
  line.Character(' ');
  line.NumberColumn(destination.inactive_connections, 10);
}

/// Nine characters, cut to a unit above eight digits; or all digits, behind a blank at least.
void WriteCounter(TextWriter& line, uint64_t value, bool exact) {
  if (value < 100'000'000) {
    line.Number(value, 9);
    return;
  }
  if (exact) {
    line.Character(' ');
    line.Number(value);
    return;
  }
  char unit = 'T';
  uint64_t divisor = 1'000'000'000'000;
  if (value < 1'000'000'000) {
    unit = 'K';
    divisor = 1000;
  } else if (value < 100'000'000'000) {
    unit = 'M';
    divisor = 1'000'000;
  } else if (value < 100'000'000'000'000) {
    unit = 'G';
    divisor = 1'000'000'000;
  }
  line.Number(value / divisor, 8);
  line.Character(unit);
}

void WriteCounters(TextWriter& line, const StatisticsRecord& statistics, bool exact) {
  WriteCounter(line, statistics.connections, exact);
  WriteCounter(line, statistics.packets_in, exact);
  WriteCounter(line, statistics.packets_out, exact);
  WriteCounter(line, statistics.bytes_in, exact);
  WriteCounter(line, statistics.bytes_out, exact);
}

class TableWriter {
 public:
  TableWriter(const PackedTable& table, const TableLayout& layout)
      : table_(table), layout_(layout) {}

  std::string Write() {
    const auto& [services, stride, destinations, destination_stride] = table_;
    const size_t count = services.size() / stride;
    std::vector<size_t> firsts;  // where the destinations of each service are
    firsts.reserve(count);
    size_t first = 0;
    for (size_t index = 0; index < count; ++index) {
      firsts.push_back(first);
      first += Read<ServiceRecord>(services, index * stride).destination_count * destination_stride;
    }
    constexpr size_t kUsualLine = 80;
    text_.reserve((count + destinations.size() / destination_stride) * kUsualLine);
    // A copy: the order of destinations uses the memory of the other again.
    const std::vector<uint32_t> order = Places<ServiceRecord>(services, stride, count);
    for (const uint32_t place : order) {
      const size_t at = place * table_.service_stride;
      const auto service = Read<ServiceRecord>(services, at);
      Line([&](TextWriter& line) { WriteService(line, service, at); });
      WriteDestinations(firsts[place], service.destination_count);
    }
    return std::move(text_);
  }

 private:
  void WriteService(TextWriter& line, const ServiceRecord& service, size_t at) {
    WriteServiceName(line, service);
    if (!layout_.statistics) {
      WriteSettings(line, service);
      return;
    }
    line.PadFrom(0, kServiceWidth);
    const size_t stride = table_.service_stride;
    WriteCounters(line, Statistics<ServiceRecord>(table_.services, at, stride), layout_.exact);
  }

  void WriteDestinations(size_t first, size_t count) {
    const size_t stride = table_.destination_stride;
    const auto destinations = table_.destinations.subspan(first, count * stride);
    for (const uint32_t place : Places<DestinationRecord>(destinations, stride, count)) {
      const auto destination = Read<DestinationRecord>(destinations, place * stride);
      Line([&](TextWriter& line) {
        line.Text(kDestinationMark);
        WriteEndpoint(line, destination);
        line.PadFrom(kDestinationMark.size(), kDestinationWidth);
        if (layout_.statistics) {
          WriteCounters(line, Statistics<DestinationRecord>(destinations, place * stride, stride),
                        layout_.exact);
        } else {
          WriteSettings(line, destination);
        }
      });
    }
  }

  template <typename Record>
  const std::vector<uint32_t>& Places(std::span<const std::byte> records, size_t stride,
                                      size_t count) {
    if (!layout_.sort) return order_.Keep(count);
    keys_.clear();
    for (size_t index = 0; index < count; ++index) {
      keys_.push_back(KeyOf(Read<Record>(records, index * stride)));
    }
    return order_.Sort(keys_);
  }

  template <typename Write>
  void Line(const Write& write) {
    TextWriter line(line_);
    write(line);
    line.Character('\n');
    text_.append(reinterpret_cast<const char*>(line_.data()), line.written());
  }

  const PackedTable& table_;
  const TableLayout& layout_;
  std::string text_;
  std::array<std::byte, kLongestLine> line_;
  std::vector<SortKey> keys_;
  Order order_;
};

}  // namespace

bool IsWhole(const PackedTable& table) {
  const auto& [services, stride, destinations, destination_stride] = table;
  if (stride < sizeof(ServiceRecord) || services.size() % stride != 0) return false;
  if (destination_stride < sizeof(DestinationRecord)) return false;
  size_t left = destinations.size() / destination_stride;
  for (size_t at = 0; at < services.size(); at += stride) {
    const size_t count = Read<ServiceRecord>(services, at).destination_count;
    if (count > left) return false;
    left -= count;
  }
  return true;
}

std::string TableLines(const PackedTable& table, const TableLayout& layout) {
  return TableWriter(table, layout).Write();
}

}  // namespace lvskit::text
