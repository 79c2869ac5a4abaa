#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "netlink/generic.h"
#include "netlink/socket.h"
#include "route/codec.h"
#include "route/fou_port.h"
#include "system/file_descriptor.h"
#include "system/namespace.h"

namespace lvskit::route {

/// What to do with an entry. Modifying is for entries that have an identity of their own (a link
/// has its index); replacing adds what is not there.
enum class Verb : uint8_t { kAdd, kReplace, kModify, kRemove };

/// Links, addresses, routes, neighbours, rules and FOU ports of one network namespace; for one
/// thread at a time. Refusals are system::SystemError.
class Client {
 public:
  /// Throws SystemError `open`, `setns`, `socket`….
  explicit Client(const system::NetworkNamespace& network_namespace);

  template <RouteMessage T>
  void Change(Verb verb, const T& entry) {
    Transact(route_, RouteRequest(NumberOf<T>(verb), FlagsOf(verb), entry), {});
  }

  /// The answer to one question, such as which route is taken to an address.
  template <RouteMessage T>
  [[nodiscard]] std::optional<T> Get(const T& question) {
    std::optional<T> answer;
    Transact(route_, RouteRequest(Shape<T>::kGet, 0, question),
             [&](const netlink::Message& message) {
               if (message.header.nlmsg_type == Shape<T>::kNew) {
                 DecodeWithHeader(message.payload, answer.emplace());
               }
             });
    return answer;
  }

  /// Every entry that the kernel finds fitting; it may give more than `filter` asks for. Throws
  /// EINTR when the table changed during each of several reads.
  template <RouteMessage T>
  [[nodiscard]] std::vector<T> List(const T& filter) {
    std::vector<T> entries;
    Dump(
        route_, [&] { return RouteRequest(Shape<T>::kGet, NLM_F_DUMP, filter); },
        [&] { entries.clear(); },
        [&](const netlink::Message& message) {
          if (message.header.nlmsg_type != Shape<T>::kNew) return;
          DecodeWithHeader(message.payload, entries.emplace_back());
          if (!Concerns(entries.back())) entries.pop_back();
        });
    return entries;
  }

  /// FOU ports have a generic netlink family of their own. ENOENT from `CTRL_CMD_GETFAMILY` says
  /// that the kernel does not have it, or has not loaded it.
  void Change(Verb verb, const FouPort& port);
  [[nodiscard]] std::vector<FouPort> List(const FouPort& filter);

  /// Where further sockets of the same namespace are to be opened, whatever has become of its name
  /// meanwhile. Valid as long as this client.
  [[nodiscard]] system::NetworkNamespace Namespace() const;

 private:
  using Reply = std::function<void(const netlink::Message&)>;

  template <RouteMessage T>
  static uint16_t NumberOf(Verb verb) {
    return verb == Verb::kRemove ? Shape<T>::kDelete : Shape<T>::kNew;
  }
  static uint16_t FlagsOf(Verb verb);

  template <RouteMessage T>
  uint32_t RouteRequest(uint16_t type, uint16_t flags, const T& message) {
    const uint32_t sequence = route_.ReserveSequences(1);
    writer_.Clear();
    writer_.Begin(type, flags, sequence);
    EncodeWithHeader(writer_, message);
    writer_.End();
    return sequence;
  }

  uint16_t FouFamily();
  uint32_t FouRequest(uint16_t family, uint8_t command, uint16_t flags, const FouPort& port);
  void Transact(netlink::Socket& socket, uint32_t sequence, const Reply& on_reply);
  void Dump(netlink::Socket& socket, const std::function<uint32_t()>& request,
            const std::function<void()>& restart, const Reply& on_entry);

  /// Absent for the process's own namespace, which takes no privilege to open sockets in.
  std::optional<system::FileDescriptor> namespace_;
  netlink::Socket route_;
  std::optional<netlink::Socket> generic_;
  netlink::MessageWriter writer_;
};

}  // namespace lvskit::route
