#include "packet/socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>
#include <ctime>
#include <optional>

#include "system/system_error.h"

namespace lvskit::packet {

namespace {

using system::SystemError;

constexpr size_t kLongestFrame = 2048;
/// So that a flood on one link does not keep a thread from the others.
constexpr int kFramesAtOnce = 256;

/// IPv6, next header ICMPv6, a neighbour solicitation or advertisement: what else a busy link
/// carries never wakes us.
constexpr std::array<sock_filter, 9> kOnlyNdp = {{
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 4),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_SOLICIT, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_ADVERT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, kLongestFrame),
    BPF_STMT(BPF_RET | BPF_K, 0),
}};

template <typename Value>
void SetOption(int fd, int level, int option, const Value& value) {
  if (::setsockopt(fd, level, option, &value, sizeof value) != 0) {
    throw SystemError::FromErrno("setsockopt");
  }
}

double ToMs(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// Whether a frame belongs to a VLAN on the link and not to the link itself.
bool IsOfVlan(const sockaddr_ll& source, int link) {
  // A VLAN that has a link of its own has lost its tag by now, and gained that link's index. One
  // that has none has lost its tag as well, but is told apart from what is meant for this host.
  return source.sll_ifindex != link || source.sll_pkttype == PACKET_OTHERHOST;
}

std::optional<double> ReceivedMs(msghdr& header) {
  for (cmsghdr* message = CMSG_FIRSTHDR(&header); message != nullptr;
       message = CMSG_NXTHDR(&header, message)) {
    if (message->cmsg_level != SOL_SOCKET || message->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(message), sizeof time);
    return ToMs(time);
  }
  return std::nullopt;
}

}  // namespace

Socket::Socket(Protocol protocol, const LinkReference& link,
               const system::NetworkNamespace& where) {
  where.Run([&] {
    // Of no protocol yet: otherwise frames of all links would come in until it is bound to one.
    fd_ = system::FileDescriptor(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.valid()) throw SystemError::FromErrno("socket");
  });
  FindLink(link);
  SetOption(fd(), SOL_SOCKET, SO_TIMESTAMPNS, 1);
  if (protocol == Protocol::kNdp) {
    const sock_fprog filter{.len = kOnlyNdp.size(),
                            .filter = const_cast<sock_filter*>(kOnlyNdp.data())};
    SetOption(fd(), SOL_SOCKET, SO_ATTACH_FILTER, filter);
    // Solicitations go to groups that only their target has joined.
    packet_mreq membership{};
    membership.mr_ifindex = link_;
    membership.mr_type = PACKET_MR_ALLMULTI;
    SetOption(fd(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership);
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol == Protocol::kArp ? ETH_P_ARP : ETH_P_IPV6);
  address.sll_ifindex = link_;
  if (::bind(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw SystemError::FromErrno("link");
  }
}

void Socket::FindLink(const LinkReference& link) {
  ifreq request{};
  const auto ask = [&](unsigned long what) {
    if (::ioctl(fd(), what, &request) != 0) throw SystemError::FromErrno("link");
  };
  if (const int* const index = std::get_if<int>(&link)) {
    request.ifr_ifindex = *index;
    ask(SIOCGIFNAME);
  } else {
    const auto& name = std::get<std::string>(link);
    if (name.size() >= IFNAMSIZ) throw SystemError(ENODEV, "link");
    std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
  }
  ask(SIOCGIFFLAGS);
  const bool up = (request.ifr_flags & IFF_UP) != 0;
  ask(SIOCGIFHWADDR);
  if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER) throw SystemError(EPROTOTYPE, "link");
  if (!up) throw SystemError(ENETDOWN, "link");
  std::memcpy(address_.data(), request.ifr_hwaddr.sa_data, address_.size());
  ask(SIOCGIFINDEX);
  link_ = request.ifr_ifindex;
}

void Socket::Send(std::span<const std::byte> frame) const {
  ssize_t sent = 0;
  do {
    sent = ::send(fd(), frame.data(), frame.size(), 0);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) throw SystemError::FromErrno("send");
}

void Socket::Receive(const Handler& handler) const {
  std::array<std::byte, kLongestFrame> buffer;
  alignas(cmsghdr) std::array<std::byte, 256> control;
  for (int count = 0; count < kFramesAtOnce; ++count) {
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    sockaddr_ll source{};
    msghdr header{};
    header.msg_name = &source;
    header.msg_namelen = sizeof source;
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd(), &header, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return;
      throw SystemError::FromErrno("recvmsg");
    }
    if (IsOfVlan(source, link_)) continue;
    handler({.bytes = std::span(buffer).first(static_cast<size_t>(got)),
             .received_ms = ReceivedMs(header).value_or(NowMs())});
  }
}

uint32_t Socket::TakeDropped() const {
  tpacket_stats statistics{};
  socklen_t size = sizeof statistics;
  // Reading them sets them back to zero.
  if (::getsockopt(fd(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) return 0;
  return statistics.tp_drops;
}

double NowMs() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return ToMs(now);
}

}  // namespace lvskit::packet
