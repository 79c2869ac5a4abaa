#include "ipvs/client.h"

#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include <algorithm>
#include <cerrno>

#include "ipvs/decode.h"
#include "ipvs/encode.h"
#include "netlink/generic.h"
#include "system/system_error.h"

namespace lvskit::ipvs {

using netlink::Failure;
using netlink::Message;
using system::SystemError;

namespace {

constexpr int kMaxAttempts = 8;

void SetStrides(Table& table, bool statistics) {
  const size_t extra = statistics ? sizeof(StatisticsRecord) : 0;
  table.service_stride = sizeof(ServiceRecord) + extra;
  table.destination_stride = sizeof(DestinationRecord) + extra;
}

/// How many destinations surely come in one piece of a dump, between which others cannot change
/// them: they take up to 400 bytes each, with statistics and padding.
constexpr size_t kDestinationsInOnePiece = netlink::Socket::kSmallPiece / 512;

/// Whether two reads of the list of services found the same services in the same state, counters
/// aside.
bool SameServices(const RecordBuffer& left, const RecordBuffer& right, size_t stride) {
  if (left.size() != right.size()) return false;
  for (size_t at = 0; at < left.size(); at += stride) {
    if (std::memcmp(left.data() + at, right.data() + at,
                    offsetof(ServiceRecord, destination_count)) != 0) {
      return false;
    }
  }
  return true;
}

/// Whether the second half of the records from `from` on holds the same destinations as the first,
/// counters and numbers of connections aside.
bool SameHalves(const RecordBuffer& destinations, size_t from, size_t stride) {
  constexpr size_t kLive = offsetof(DestinationRecord, active_connections);
  constexpr size_t kFixed = offsetof(DestinationRecord, address);
  const size_t half = (destinations.size() - from) / 2;
  const std::byte* left = destinations.data() + from;
  for (const std::byte* const end = left + half; left != end; left += stride) {
    const std::byte* const right = left + half;
    if (std::memcmp(left, right, kLive) != 0 ||
        std::memcmp(left + kFixed, right + kFixed, sizeof(DestinationRecord) - kFixed) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

Client::Client(const system::NetworkNamespace& network_namespace)
    : socket_(NETLINK_GENERIC, network_namespace, netlink::Socket::kSmallPiece),
      listing_(NETLINK_GENERIC, network_namespace, netlink::Socket::kLargePiece) {
  Resolve();
}

void Client::Resolve() {
  const auto family = netlink::ResolveFamily(socket_, IPVS_GENL_NAME);
  if (!family) throw SystemError(ENOENT, "CTRL_CMD_GETFAMILY");
  family_ = *family;
}

bool Client::FamilyMoved() {
  const uint16_t before = family_;
  Resolve();
  return family_ != before;
}

/// The family's number changes when the module is loaded anew, and requests to the old number are
/// then refused with ENOENT, which is also what some commands answer of their own.
template <typename Work>
auto Client::WithFamily(const Work& work) {
  try {
    return work();
  } catch (const SystemError& error) {
    if (error.error_number() != ENOENT || !FamilyMoved()) throw;
    return work();
  }
}

std::vector<Failure> Client::Execute(std::span<const RequestRecord> requests) {
  std::vector<Failure> failures;
  for (size_t from = 0; from < requests.size(); from += netlink::Socket::kMaxBatch) {
    const auto batch =
        requests.subspan(from, std::min(netlink::Socket::kMaxBatch, requests.size() - from));
    std::vector<Failure> refused = ExecuteBatch(batch);
    const bool all_unknown =
        refused.size() == batch.size() &&
        std::all_of(refused.begin(), refused.end(),
                    [](const Failure& failure) { return failure.error_number == ENOENT; });
    if (all_unknown && FamilyMoved()) refused = ExecuteBatch(batch);
    for (Failure& failure : refused) {
      failure.index += from;
      failures.push_back(std::move(failure));
    }
  }
  return failures;
}

std::vector<Failure> Client::ExecuteBatch(std::span<const RequestRecord> requests) {
  writer_.Clear();
  const uint32_t first = socket_.ReserveSequences(static_cast<uint32_t>(requests.size()));
  uint32_t sequence = first;
  for (const RequestRecord& request : requests) {
    EncodeRequest(writer_, family_, sequence++, request);
  }
  return socket_.Transact(writer_, first, [](size_t, const Message&) {});
}

void Client::Ask(uint8_t command, const ServiceRecord* service, const Reply& on_reply) {
  WithFamily([&] {
    writer_.Clear();
    const uint32_t sequence = socket_.ReserveSequences(1);
    EncodeQuery(writer_, family_, sequence, command, 0, service);
    const auto failures = socket_.Transact(
        writer_, sequence, [&](size_t, const Message& message) { on_reply(message); });
    if (!failures.empty()) {
      throw SystemError(failures.front().error_number, "sendmsg", failures.front().message);
    }
  });
}

void Client::DumpEach(netlink::Socket& socket, uint8_t command, const ServiceRecord* service,
                      const Reply& on_reply) {
  WithFamily([&] {
    writer_.Clear();
    const uint32_t sequence = socket.ReserveSequences(1);
    EncodeQuery(writer_, family_, sequence, command, NLM_F_DUMP, service);
    // IPVS never marks a dump as interrupted; false means that it broke off.
    if (!socket.Dump(writer_, sequence, on_reply)) throw SystemError(EINTR, "recvmmsg");
  });
}

void Client::ReadServices(bool statistics, RecordBuffer& services) {
  services.Truncate(0);
  ServiceRecord service;
  StatisticsRecord counters;
  DumpEach(listing_, IPVS_CMD_GET_SERVICE, nullptr, [&](const Message& message) {
    DecodeService(message, service, counters);
    services.Append(service);
    if (statistics) services.Append(counters);
  });
}

Table Client::ReadTable(const TableOptions& options) {
  Table table;
  SetStrides(table, options.statistics);
  RecordBuffer after;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    ReadServices(options.statistics, table.services);
    table.destinations.Truncate(0);
    if (options.destinations) FillDestinations(table, options);
    if (!options.consistent) return table;
    ReadServices(options.statistics, after);
    if (SameServices(table.services, after, table.service_stride)) return table;
  }
  throw SystemError(EINTR, "recvmmsg");
}

Table Client::ReadService(const ServiceRecord& key, const TableOptions& options) {
  Table table;
  SetStrides(table, options.statistics);
  ServiceRecord service;
  StatisticsRecord counters;
  try {
    Ask(IPVS_CMD_GET_SERVICE, &key, [&](const Message& message) {
      DecodeService(message, service, counters);
      table.services.Append(service);
      if (options.statistics) table.services.Append(counters);
    });
  } catch (const SystemError& error) {
    if (error.error_number() != ESRCH) throw;
  }
  if (options.destinations) FillDestinations(table, options);
  return table;
}

Table Client::ReadDestinations(std::span<const ServiceRecord> keys) {
  Table table;
  SetStrides(table, false);
  for (const ServiceRecord& key : keys) table.services.Append(key);
  FillDestinations(table, {});
  return table;
}

void Client::FillDestinations(Table& table, const TableOptions& options) {
  for (size_t at = 0; at < table.services.size(); at += table.service_stride) {
    auto service = table.services.Read<ServiceRecord>(at);
    if (options.consistent) {
      AppendSettledDestinations(table, service, options.statistics);
    } else {
      AppendDestinations(table, service, options.statistics);
    }
    table.services.Write(at, service);
  }
}

void Client::AppendDestinations(Table& table, ServiceRecord& service, bool statistics) {
  DestinationRecord destination;
  StatisticsRecord counters;
  service.destination_count = 0;
  DumpEach(socket_, IPVS_CMD_GET_DEST, &service, [&](const Message& message) {
    DecodeDestination(message, destination, counters);
    // Kernels from before mixed families (3.18) do not say it: it is the service's.
    if (destination.family == 0) destination.family = service.family;
    table.destinations.Append(destination);
    if (statistics) table.destinations.Append(counters);
    ++service.destination_count;
  });
}

void Client::AppendSettledDestinations(Table& table, ServiceRecord& service, bool statistics) {
  const size_t from = table.destinations.size();
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    AppendDestinations(table, service, statistics);
    const uint32_t count = service.destination_count;
    if (count <= kDestinationsInOnePiece) return;
    const size_t once = table.destinations.size();
    AppendDestinations(table, service, statistics);
    const bool same = service.destination_count == count &&
                      SameHalves(table.destinations, from, table.destination_stride);
    table.destinations.Truncate(same ? once : from);
    if (same) return;
  }
  throw SystemError(EINTR, "recvmmsg");
}

std::vector<DaemonRecord> Client::ReadDaemons() {
  std::vector<DaemonRecord> daemons;
  DumpEach(socket_, IPVS_CMD_GET_DAEMON, nullptr,
           [&](const Message& message) { DecodeDaemon(message, daemons.emplace_back()); });
  return daemons;
}

TimeoutsRecord Client::ReadTimeouts() {
  TimeoutsRecord timeouts{};
  Ask(IPVS_CMD_GET_CONFIG, nullptr,
      [&](const Message& message) { DecodeTimeouts(message, timeouts); });
  return timeouts;
}

InfoRecord Client::ReadInfo() {
  InfoRecord info{};
  Ask(IPVS_CMD_GET_INFO, nullptr, [&](const Message& message) { DecodeInfo(message, info); });
  return info;
}

}  // namespace lvskit::ipvs
