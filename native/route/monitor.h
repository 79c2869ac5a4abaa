#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <span>
#include <variant>
#include <vector>

#include "netlink/socket.h"
#include "route/address.h"
#include "route/link.h"
#include "route/neighbour.h"
#include "route/route.h"
#include "route/rule.h"
#include "system/namespace.h"

namespace lvskit::route {

/// Notifications were lost: whoever follows a table has to read it again.
struct Overflow {};

struct Event {
  std::variant<Overflow, Link, Address, Route, Neighbour, Rule> entry;
  /// Otherwise it is new or has changed, which the kernel does not tell apart.
  bool removed = false;
};

/// Follows the kernel's notifications. One thread collects, another takes.
class Monitor {
 public:
  /// Events that are kept for a slow taker before they are dropped for an Overflow.
  static constexpr size_t kMaxQueued = 4096;

  /// `groups` are numbers of RTNLGRP_…. Throws SystemError (`setns`, `socket`, `setsockopt`…).
  Monitor(const system::NetworkNamespace& network_namespace, std::span<const uint32_t> groups);

  /// Readable when there is something to collect.
  [[nodiscard]] int fd() const { return socket_.fd(); }

  /// Reads what is queued in the kernel, without waiting. False when nothing more can come; Take()
  /// then throws the reason.
  bool Collect() noexcept;

  /// Whether the taker is to be told: once for all that is collected until it takes.
  [[nodiscard]] bool Announce();

  /// Everything collected since the last call, in the kernel's order.
  [[nodiscard]] std::vector<Event> Take();

 private:
  void Accept(const netlink::Message& message);
  void Append(Event event);
  void Lose();

  netlink::Socket socket_;
  std::mutex mutex_;
  std::vector<Event> queue_;
  std::exception_ptr failure_;
  bool announced_ = false;
};

}  // namespace lvskit::route
