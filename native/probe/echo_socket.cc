#include "probe/echo_socket.h"

#include <net/if.h>
#include <netinet/icmp6.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>

// It brings <linux/if.h> in, which has to come after <net/if.h>.
#include <linux/icmp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "system/system_error.h"
#include "system/transport.h"

namespace lvskit::probe {

namespace {

using system::FileDescriptor;
using system::SystemError;

constexpr size_t kLongestAnswer = 1280;
constexpr int kAnswersAtOnce = 256;
/// Thousands may answer at once; as much as the system allows an ordinary user by default.
constexpr int kReceiveBuffer = 212'992;

template <typename Value>
void SetOption(const FileDescriptor& socket, int level, int option, const Value& value) {
  if (::setsockopt(socket.get(), level, option, &value, sizeof value) != 0) {
    throw SystemError::FromErrno("setsockopt");
  }
}

/// Otherwise every ICMP packet of this host would wake us.
void OnlyAnswers(const FileDescriptor& socket, sa_family_t family) {
  if (family == AF_INET) {
    const icmp_filter filter{
        .data = ~(1U << ICMP_ECHOREPLY | 1U << ICMP_DEST_UNREACH | 1U << ICMP_TIME_EXCEEDED)};
    SetOption(socket, SOL_RAW, ICMP_FILTER, filter);
    return;
  }
  icmp6_filter filter{};
  ICMP6_FILTER_SETBLOCKALL(&filter);
  for (const int type : {ICMP6_ECHO_REPLY, ICMP6_DST_UNREACH, ICMP6_TIME_EXCEEDED}) {
    ICMP6_FILTER_SETPASS(type, &filter);
  }
  SetOption(socket, IPPROTO_ICMPV6, ICMP6_FILTER, filter);
}

/// Which address and link a message leaves from, as one control message.
struct Origin {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> bytes{};
  size_t size = 0;

  template <typename Info>
  void Put(int level, int type, const Info& info) {
    msghdr header{};
    header.msg_control = bytes.data();
    header.msg_controllen = bytes.size();
    cmsghdr* const message = CMSG_FIRSTHDR(&header);
    message->cmsg_level = level;
    message->cmsg_type = type;
    message->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(message), &info, sizeof info);
    size = CMSG_SPACE(sizeof info);
  }
};

Origin OriginOf(const RequestRecord& request, uint32_t link) {
  Origin origin;
  const bool from_source = (request.flags & kFromSource) != 0;
  if (!from_source && link == 0) return origin;
  if (request.family == AF_INET6) {
    in6_pktinfo info{};
    if (from_source) std::memcpy(&info.ipi6_addr, request.source.data(), sizeof info.ipi6_addr);
    info.ipi6_ifindex = link;
    origin.Put(IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else {
    in_pktinfo info{};
    if (from_source) std::memcpy(&info.ipi_spec_dst, request.source.data(), sizeof(in_addr));
    info.ipi_ifindex = static_cast<int>(link);
    origin.Put(IPPROTO_IP, IP_PKTINFO, info);
  }
  return origin;
}

uint16_t RandomIdentifier() {
  uint16_t identifier = 0;
  if (::getrandom(&identifier, sizeof identifier, 0) != sizeof identifier) {
    throw SystemError::FromErrno("getrandom");
  }
  return identifier;
}

}  // namespace

EchoSocket::EchoSocket(sa_family_t family)
    : family_(family),
      socket_(::socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                       family == AF_INET6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP})),
      identifier_(0) {
  if (!socket_.valid()) throw SystemError::FromErrno("socket");
  identifier_ = RandomIdentifier();
  OnlyAnswers(socket_, family);
  SetOption(socket_, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
}

EchoSocket::Failure EchoSocket::Send(const RequestRecord& request, uint16_t sequence) {
  if (request.mark != mark_) {
    if (::setsockopt(fd(), SOL_SOCKET, SO_MARK, &request.mark, sizeof request.mark) != 0) {
      return {.stage = Stage::kMark, .error = errno};
    }
    mark_ = request.mark;
  }
  uint32_t link = 0;
  if (request.device[0] != 0) {
    link = ::if_nametoindex(request.device.data());
    if (link == 0) return {.stage = Stage::kDevice, .error = errno};
  }
  const packet::EchoKey key{.identifier = identifier_, .sequence = sequence};
  auto message = family_ == AF_INET6 ? packet::EncodeEcho6(key) : packet::EncodeEcho4(key);
  const size_t address_size = family_ == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr);
  const system::Endpoint target(std::span(request.address).first(address_size), 0);
  Origin origin = OriginOf(request, link);
  iovec part{.iov_base = message.data(), .iov_len = message.size()};
  msghdr header{};
  header.msg_name = const_cast<sockaddr*>(target.data());
  header.msg_namelen = target.size();
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (origin.size > 0) {
    header.msg_control = origin.bytes.data();
    header.msg_controllen = origin.size;
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd(), &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return {.stage = Stage::kSend, .error = sent < 0 ? errno : 0};
}

void EchoSocket::Receive(const Handler& handler) const {
  std::array<std::byte, kLongestAnswer> buffer;
  for (int count = 0; count < kAnswersAtOnce; ++count) {
    sockaddr_storage from{};
    socklen_t from_size = sizeof from;
    const ssize_t got = ::recvfrom(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&from), &from_size);
    if (got < 0) {
      // An earlier send's error that the socket was left with is as good as no datagram.
      if (errno == EAGAIN) return;
      continue;
    }
    const auto bytes = std::span(buffer).first(static_cast<size_t>(got));
    auto answer = family_ == AF_INET6 ? packet::DecodeEcho6(bytes) : packet::DecodeEcho4(bytes);
    if (!answer || answer->key.identifier != identifier_) continue;
    if (answer->error == 0) {
      if (family_ == AF_INET6) {
        std::memcpy(answer->target.data(), &reinterpret_cast<sockaddr_in6&>(from).sin6_addr,
                    sizeof(in6_addr));
      } else {
        std::memcpy(answer->target.data(), &reinterpret_cast<sockaddr_in&>(from).sin_addr,
                    sizeof(in_addr));
      }
    }
    handler({.sequence = answer->key.sequence, .error = answer->error, .target = answer->target});
  }
}

}  // namespace lvskit::probe
