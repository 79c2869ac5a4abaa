#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "system/file_descriptor.h"
#include "system/namespace.h"

namespace lvskit::system {

/// An IPv4 or IPv6 address and a port, as the socket calls want them.
class Endpoint {
 public:
  /// `address` has 4 or 16 bytes. Throws SystemError (EAFNOSUPPORT) for any other length.
  Endpoint(std::span<const std::byte> address, uint16_t port);

  [[nodiscard]] sa_family_t family() const { return address_.any.sa_family; }
  [[nodiscard]] const sockaddr* data() const { return &address_.any; }
  [[nodiscard]] socklen_t size() const;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } address_{};
};

struct SocketOptions {
  std::optional<uint32_t> mark;
  /// SO_BINDTODEVICE, which also says on which link a link-local address is; empty: any.
  std::string device;
  bool ipv6_only = false;
  bool free_bind = false;  // to an address that is not, or not yet, on this machine
};

struct ListenOptions : SocketOptions {
  int backlog = 511;
};

struct ConnectOptions : SocketOptions {
  std::optional<Endpoint> source;
};

/// All sockets here are made inside the namespace and stay in it; they are non-blocking and closed
/// on exec. SystemError carries the call that was refused: `socket`, `setsockopt:SO_MARK` and the
/// like, `bind`, `listen`, `connect`.

[[nodiscard]] FileDescriptor ListenTcp(const Endpoint& local, const ListenOptions& options,
                                       const NetworkNamespace& where);

[[nodiscard]] FileDescriptor BindUdp(const Endpoint& local, const SocketOptions& options,
                                     const NetworkNamespace& where);

struct Connecting {
  FileDescriptor socket;
  bool connected = false;  // otherwise it is once the socket is writable; see FinishConnect()
};

[[nodiscard]] Connecting BeginConnect(const Endpoint& remote, const ConnectOptions& options,
                                      const NetworkNamespace& where);

/// The outcome of a connect whose socket has become writable: 0, or why it failed.
[[nodiscard]] int FinishConnect(const FileDescriptor& socket);

}  // namespace lvskit::system
