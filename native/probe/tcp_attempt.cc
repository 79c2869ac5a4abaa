#include "probe/tcp_attempt.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "system/transport.h"

namespace lvskit::probe {

namespace {

using system::Endpoint;
using system::FileDescriptor;

template <typename Value>
bool SetOption(const FileDescriptor& socket, int level, int option, const Value& value) {
  return ::setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

Endpoint EndpointOf(const RequestRecord& request, const std::array<std::byte, 16>& address,
                    uint16_t port) {
  const size_t size = request.family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr);
  return {std::span(address).first(size), port};
}

bool Prepare(const RequestRecord& request, TcpAttempt& attempt) {
  const FileDescriptor& socket = attempt.socket;
  if (request.device[0] != 0) {
    attempt.stage = Stage::kDevice;
    const auto size = static_cast<socklen_t>(::strnlen(request.device.data(), 16));
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, request.device.data(), size) != 0) {
      return false;
    }
  }
  if (request.mark != 0) {
    attempt.stage = Stage::kMark;
    if (!SetOption(socket, SOL_SOCKET, SO_MARK, request.mark)) return false;
  }
  if ((request.flags & kFromSource) != 0) {
    attempt.stage = Stage::kBind;
    // The port is then chosen by connect(), which can share it between different targets.
    SetOption(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const Endpoint source = EndpointOf(request, request.source, 0);
    if (::bind(socket.get(), source.data(), source.size()) != 0) return false;
  }
  if ((request.flags & (kKeepSocket | kCloseOrderly)) == 0) {
    attempt.stage = Stage::kSocket;
    // Holds the ACK back for as long as it could travel with data, during which we reset.
    if (!SetOption(socket, IPPROTO_TCP, TCP_QUICKACK, 0)) return false;
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    if (!SetOption(socket, SOL_SOCKET, SO_LINGER, at_once)) return false;
  }
  return true;
}

}  // namespace

TcpAttempt BeginTcp(const RequestRecord& request) {
  TcpAttempt attempt;
  attempt.stage = Stage::kSocket;
  attempt.socket = FileDescriptor(
      ::socket(request.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!attempt.socket.valid() || !Prepare(request, attempt)) {
    attempt.error = errno;
    return attempt;
  }
  attempt.stage = Stage::kSend;
  const Endpoint target = EndpointOf(request, request.address, request.port);
  attempt.connected = ::connect(attempt.socket.get(), target.data(), target.size()) == 0;
  if (!attempt.connected && errno != EINPROGRESS) attempt.error = errno;
  return attempt;
}

int ErrorOf(const FileDescriptor& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace lvskit::probe
