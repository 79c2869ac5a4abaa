#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>

#include "packet/addresses.h"
#include "system/file_descriptor.h"
#include "system/namespace.h"

namespace lvskit::packet {

enum class Protocol { kArp, kNdp };

/// A link by its name or its index.
using LinkReference = std::variant<std::string, int>;

/// A raw socket on one Ethernet link, for the frames of one protocol. One thread may send while
/// another receives.
class Socket {
 public:
  struct Frame {
    std::span<const std::byte> bytes;  // valid during the call
    double received_ms;                // since 1970, when the kernel got it
  };
  using Handler = std::function<void(const Frame&)>;

  /// Throws SystemError: `socket` EPERM without CAP_NET_RAW, `link` ENODEV when there is no such
  /// link, `link` EPROTOTYPE when it is no Ethernet link, `link` ENETDOWN when it is down.
  Socket(Protocol protocol, const LinkReference& link, const system::NetworkNamespace& where);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] int link() const { return link_; }
  [[nodiscard]] const MacAddress& address() const { return address_; }

  /// Sends a whole Ethernet frame. Throws SystemError (`send`).
  void Send(std::span<const std::byte> frame) const;

  /// Hands over what has arrived, without waiting and not without end. What is addressed to other
  /// hosts is left out, and so are frames of a VLAN, which are those of the link that is made for
  /// it, and frames that the link hands on to a bond.
  /// Throws SystemError (`recvmsg`): ENETDOWN when the link went down or away.
  void Receive(const Handler& handler) const;

  /// How many frames the kernel had no room for since this was last asked.
  [[nodiscard]] uint32_t TakeDropped() const;

 private:
  void FindLink(const LinkReference& link);

  system::FileDescriptor fd_;
  int link_ = 0;
  MacAddress address_{};
};

/// The time of day in milliseconds since 1970, as Socket::Frame has it.
[[nodiscard]] double NowMs();

}  // namespace lvskit::packet
