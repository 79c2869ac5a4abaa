#include "route/monitor.h"

#include <linux/netlink.h>

#include <cerrno>
#include <utility>

#include "route/codec.h"
#include "system/system_error.h"

namespace lvskit::route {

Monitor::Monitor(const system::NetworkNamespace& network_namespace,
                 std::span<const uint32_t> groups)
    : socket_(NETLINK_ROUTE, network_namespace) {
  for (const uint32_t group : groups) socket_.Join(group);
}

bool Monitor::Collect() noexcept {
  try {
    socket_.Receive([this](const netlink::Message& message) { Accept(message); });
    return true;
  } catch (const system::SystemError& error) {
    if (error.error_number() == ENOBUFS) {
      Lose();
      return true;
    }
    const std::lock_guard guard(mutex_);
    failure_ = std::current_exception();
    return false;
  } catch (const netlink::FormatError&) {
    // What could not be read is as good as lost, and what follows may still be good.
    Lose();
    return true;
  } catch (...) {
    const std::lock_guard guard(mutex_);
    failure_ = std::current_exception();
    return false;
  }
}

bool Monitor::Announce() {
  const std::lock_guard guard(mutex_);
  if (queue_.empty() && !failure_) return false;
  return !std::exchange(announced_, true);
}

std::vector<Event> Monitor::Take() {
  const std::lock_guard guard(mutex_);
  announced_ = false;
  if (queue_.empty() && failure_) std::rethrow_exception(failure_);
  return std::exchange(queue_, {});
}

void Monitor::Accept(const netlink::Message& message) {
  const auto decode = [&]<RouteMessage T>(T entry) {
    const uint16_t type = message.header.nlmsg_type;
    if (type != Shape<T>::kNew && type != Shape<T>::kDelete) return;
    DecodeWithHeader(message.payload, entry);
    if (!Concerns(entry)) return;
    Append({.entry = std::move(entry), .removed = type == Shape<T>::kDelete});
  };
  decode(Link{});
  decode(Address{});
  decode(Route{});
  decode(Neighbour{});
  decode(Rule{});
}

void Monitor::Append(Event event) {
  const std::lock_guard guard(mutex_);
  if (queue_.size() < kMaxQueued) {
    queue_.push_back(std::move(event));
  } else if (!std::holds_alternative<Overflow>(queue_.back().entry)) {
    queue_.push_back({.entry = Overflow{}, .removed = false});
  }
}

void Monitor::Lose() {
  const std::lock_guard guard(mutex_);
  if (queue_.empty() || !std::holds_alternative<Overflow>(queue_.back().entry)) {
    queue_.push_back({.entry = Overflow{}, .removed = false});
  }
}

}  // namespace lvskit::route
