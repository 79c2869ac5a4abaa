#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "ipvs/record_buffer.h"
#include "ipvs/records.h"
#include "netlink/socket.h"
#include "system/namespace.h"

namespace lvskit::ipvs {

/// What a read of the table returns: services, each followed in `destinations` by as many records
/// as its `destination_count` says. With statistics every record is followed by a
/// StatisticsRecord, and the strides say so.
struct Table {
  RecordBuffer services;
  RecordBuffer destinations;
  size_t service_stride = 0;
  size_t destination_stride = 0;
};

struct TableOptions {
  bool statistics = false;
  bool destinations = true;
  /// Read everything that comes in more than one piece until two reads agree, the services before
  /// and after their destinations: a single dump can pass over live entries when another program
  /// removes some meanwhile, and the kernel never says so. EINTR when they never do.
  bool consistent = false;
};

/// The IPVS generic netlink family in one network namespace; for one thread at a time.
/// Refusals are system::SystemError.
class Client {
 public:
  /// Throws SystemError `socket`, `setns`…; ENOENT from `CTRL_CMD_GETFAMILY` when this kernel has
  /// no IPVS, or has not loaded it and does not know it by its alias (before 5.16).
  explicit Client(const system::NetworkNamespace& network_namespace);

  /// Runs all requests in order; a refused one does not stop the rest.
  std::vector<netlink::Failure> Execute(std::span<const RequestRecord> requests);

  [[nodiscard]] Table ReadTable(const TableOptions& options);

  /// The one service `key` names, with its destinations; nothing when there is none.
  [[nodiscard]] Table ReadService(const ServiceRecord& key, const TableOptions& options);

  /// The destinations of each of `keys`, as a table whose services are the keys themselves. A
  /// service that does not exist reads as one without destinations.
  [[nodiscard]] Table ReadDestinations(std::span<const ServiceRecord> keys);

  [[nodiscard]] std::vector<DaemonRecord> ReadDaemons();
  [[nodiscard]] TimeoutsRecord ReadTimeouts();
  [[nodiscard]] InfoRecord ReadInfo();

 private:
  using Reply = std::function<void(const netlink::Message&)>;

  void Resolve();
  [[nodiscard]] bool FamilyMoved();
  template <typename Work>
  auto WithFamily(const Work& work);
  std::vector<netlink::Failure> ExecuteBatch(std::span<const RequestRecord> requests);
  void Ask(uint8_t command, const ServiceRecord* service, const Reply& on_reply);
  void DumpEach(netlink::Socket& socket, uint8_t command, const ServiceRecord* service,
                const Reply& on_reply);
  void ReadServices(bool statistics, RecordBuffer& services);
  void AppendDestinations(Table& table, ServiceRecord& service, bool statistics);
  void AppendSettledDestinations(Table& table, ServiceRecord& service, bool statistics);
  void FillDestinations(Table& table, const TableOptions& options);

  netlink::Socket socket_;
  netlink::Socket listing_;  // for the one long dump, of the services
  netlink::MessageWriter writer_;
  uint16_t family_ = 0;
};

}  // namespace lvskit::ipvs
