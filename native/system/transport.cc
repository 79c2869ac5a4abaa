#include "system/transport.h"

#include <net/if.h>
#include <sys/socket.h>

#include <cstring>

#include "system/system_error.h"

namespace lvskit::system {

namespace {

void SetOption(const FileDescriptor& socket, int level, int option, const char* name, int value) {
  if (::setsockopt(socket.get(), level, option, &value, sizeof value) != 0) {
    throw SystemError::FromErrno(std::string("setsockopt:") + name);
  }
}

FileDescriptor MakeSocket(int type, sa_family_t family, const SocketOptions& options,
                          const NetworkNamespace& where) {
  FileDescriptor socket;
  where.Run([&] {
    socket = FileDescriptor(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.valid()) throw SystemError::FromErrno("socket");
  });
  if (!options.device.empty()) {
    if (options.device.size() >= IFNAMSIZ) {
      throw SystemError(ENODEV, "setsockopt:SO_BINDTODEVICE");
    }
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, options.device.c_str(),
                     static_cast<socklen_t>(options.device.size() + 1)) != 0) {
      throw SystemError::FromErrno("setsockopt:SO_BINDTODEVICE");
    }
  }
  if (options.mark) {
    SetOption(socket, SOL_SOCKET, SO_MARK, "SO_MARK", static_cast<int>(*options.mark));
  }
  if (family == AF_INET6) {
    SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY", options.ipv6_only ? 1 : 0);
    if (options.free_bind) SetOption(socket, IPPROTO_IPV6, IPV6_FREEBIND, "IPV6_FREEBIND", 1);
  } else if (options.free_bind) {
    SetOption(socket, IPPROTO_IP, IP_FREEBIND, "IP_FREEBIND", 1);
  }
  return socket;
}

void Bind(const FileDescriptor& socket, const Endpoint& local) {
  if (::bind(socket.get(), local.data(), local.size()) != 0) throw SystemError::FromErrno("bind");
}

}  // namespace

Endpoint::Endpoint(std::span<const std::byte> address, uint16_t port) {
  if (address.size() == sizeof(in_addr)) {
    address_.v4.sin_family = AF_INET;
    address_.v4.sin_port = htons(port);
    std::memcpy(&address_.v4.sin_addr, address.data(), address.size());
  } else if (address.size() == sizeof(in6_addr)) {
    address_.v6.sin6_family = AF_INET6;
    address_.v6.sin6_port = htons(port);
    std::memcpy(&address_.v6.sin6_addr, address.data(), address.size());
  } else {
    throw SystemError(EAFNOSUPPORT, "socket");
  }
}

socklen_t Endpoint::size() const {
  return family() == AF_INET6 ? sizeof address_.v6 : sizeof address_.v4;
}

FileDescriptor ListenTcp(const Endpoint& local, const ListenOptions& options,
                         const NetworkNamespace& where) {
  FileDescriptor socket = MakeSocket(SOCK_STREAM, local.family(), options, where);
  SetOption(socket, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR", 1);
  Bind(socket, local);
  if (::listen(socket.get(), options.backlog) != 0) throw SystemError::FromErrno("listen");
  return socket;
}

FileDescriptor BindUdp(const Endpoint& local, const SocketOptions& options,
                       const NetworkNamespace& where) {
  FileDescriptor socket = MakeSocket(SOCK_DGRAM, local.family(), options, where);
  Bind(socket, local);
  return socket;
}

Connecting BeginConnect(const Endpoint& remote, const ConnectOptions& options,
                        const NetworkNamespace& where) {
  Connecting result{.socket = MakeSocket(SOCK_STREAM, remote.family(), options, where),
                    .connected = false};
  if (options.source) {
    // The port is then chosen by connect(), which can share it between different remotes.
    SetOption(result.socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, "IP_BIND_ADDRESS_NO_PORT", 1);
    SetOption(result.socket, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR", 1);
    Bind(result.socket, *options.source);
  }
  const int status = ::connect(result.socket.get(), remote.data(), remote.size());
  if (status != 0 && errno != EINPROGRESS) throw SystemError::FromErrno("connect");
  result.connected = status == 0;
  return result;
}

int FinishConnect(const FileDescriptor& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace lvskit::system
