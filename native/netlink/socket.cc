#include "netlink/socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <exception>
#include <utility>

#include "system/system_error.h"

namespace lvskit::netlink {

using system::SystemError;

namespace {

constexpr size_t kSlots = 16;
constexpr int kReceiveBuffer = 4 * 1024 * 1024;

void EnableOption(int fd, int option) {
  const int on = 1;
  // Older kernels lack some of these; each only improves what is reported.
  (void)::setsockopt(fd, SOL_NETLINK, option, &on, sizeof on);
}

}  // namespace

Socket::Socket(int protocol, const system::NetworkNamespace& network_namespace, size_t piece)
    : piece_(piece) {
  network_namespace.Run([&] {
    fd_ = system::FileDescriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!fd_.valid()) throw SystemError::FromErrno("socket");
  });
  EnableOption(fd_.get(), NETLINK_CAP_ACK);
  EnableOption(fd_.get(), NETLINK_EXT_ACK);
  EnableOption(fd_.get(), NETLINK_GET_STRICT_CHK);
  if (::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) !=
      0) {
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
  sockaddr_nl address{.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
  if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw SystemError::FromErrno("bind");
  }
  socklen_t length = sizeof address;
  if (::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw SystemError::FromErrno("getsockname");
  }
  port_ = address.nl_pid;
  buffer_ = std::make_unique_for_overwrite<std::byte[]>(kSlots * piece_);
}

uint32_t Socket::ReserveSequences(uint32_t count) {
  // Zero marks notifications, so a range never contains it.
  if (next_sequence_ > UINT32_MAX - count) next_sequence_ = 1;
  const uint32_t first = next_sequence_;
  next_sequence_ += count;
  return first;
}

std::vector<Failure> Socket::Transact(MessageWriter& batch, uint32_t first,
                                      const std::function<void(size_t, const Message&)>& on_reply) {
  std::vector<Failure> failures;
  const size_t count = batch.count();
  if (count == 0) return failures;
  batch.RequestAck();
  DiscardQueued();
  Send(batch.bytes());

  bool complete = false;
  bool overflowed = false;
  size_t settled = 0;  // what is lost in an overflow is always a tail of the answers
  std::exception_ptr handler_failure;
  const Handler settle = [&](const Message& message) {
    const size_t index = message.header.nlmsg_seq - first;
    if (index >= count) return;
    settled = index + 1;
    if (message.header.nlmsg_type != NLMSG_ERROR) {
      if (handler_failure) return;
      try {
        on_reply(index, message);
      } catch (...) {
        handler_failure = std::current_exception();
      }
      return;
    }
    const int error = -message.FixedHeader<nlmsgerr>().error;
    if (error != 0) failures.push_back({index, error, ExtendedAckText(message)});
    if (index + 1 == count) complete = true;
  };
  while (!complete) {
    const Queue queue = ReceiveQueued(settle);
    if (queue == Queue::kOverflowed) overflowed = true;
    if (queue == Queue::kEmpty) break;
  }
  unread_ = !complete;
  if (handler_failure) std::rethrow_exception(handler_failure);
  if (!complete) {
    const size_t from = overflowed ? settled : count - 1;
    for (size_t index = from; index < count; ++index) failures.push_back({index, kUnanswered, {}});
  }
  return failures;
}

bool Socket::Dump(const MessageWriter& request, uint32_t sequence, const Handler& on_message) {
  DiscardQueued();
  Send(request.bytes());

  bool done = false;
  bool consistent = true;
  int error = 0;
  std::string error_text;
  std::exception_ptr handler_failure;
  const Handler collect = [&](const Message& message) {
    if (message.header.nlmsg_seq != sequence) return;
    if ((message.header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) consistent = false;
    if (message.header.nlmsg_type == NLMSG_DONE) {
      done = true;
      // A dump that fails half way says so in the payload of its last message.
      if (message.payload.size() >= sizeof(int)) error = -message.FixedHeader<int>();
      error_text = ExtendedAckText(message);
      return;
    }
    if (message.header.nlmsg_type == NLMSG_ERROR) {
      done = true;
      error = -message.FixedHeader<nlmsgerr>().error;
      error_text = ExtendedAckText(message);
      return;
    }
    if (handler_failure) return;
    try {
      on_message(message);
    } catch (...) {
      // The rest must still be read, or the next dump on this socket is refused (EBUSY).
      handler_failure = std::current_exception();
    }
  };
  while (!done) {
    const Queue queue = ReceiveQueued(collect);
    if (queue == Queue::kEmpty) break;
    if (queue == Queue::kOverflowed) consistent = false;
  }
  unread_ = !done;
  if (handler_failure) std::rethrow_exception(handler_failure);
  if (error != 0) throw SystemError(error, "sendmsg", error_text);
  return done && consistent;
}

void Socket::Join(uint32_t group) {
  if (::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
    throw SystemError::FromErrno("setsockopt");
  }
}

void Socket::Receive(const Handler& on_message) {
  for (;;) {
    const Queue queue = ReceiveQueued(on_message);
    if (queue == Queue::kEmpty) return;
    if (queue == Queue::kOverflowed) throw SystemError(ENOBUFS, "recvmmsg");
  }
}

void Socket::Send(std::span<const std::byte> datagram) {
  sockaddr_nl kernel{.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
  iovec part{.iov_base = const_cast<std::byte*>(datagram.data()), .iov_len = datagram.size()};
  msghdr header{};
  header.msg_name = &kernel;
  header.msg_namelen = sizeof kernel;
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd_.get(), &header, 0);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) throw SystemError::FromErrno("sendmsg");
}

Socket::Queue Socket::ReceiveQueued(const Handler& on_message) {
  std::array<mmsghdr, kSlots> headers{};
  std::array<iovec, kSlots> parts{};
  std::array<sockaddr_nl, kSlots> senders{};
  for (size_t slot = 0; slot < kSlots; ++slot) {
    parts[slot] = {.iov_base = buffer_.get() + slot * piece_, .iov_len = piece_};
    msghdr& header = headers[slot].msg_hdr;
    header.msg_iov = &parts[slot];
    header.msg_iovlen = 1;
    header.msg_name = &senders[slot];
    header.msg_namelen = sizeof(sockaddr_nl);
  }
  int received = 0;
  do {
    received = ::recvmmsg(fd_.get(), headers.data(), kSlots, MSG_DONTWAIT, nullptr);
  } while (received < 0 && errno == EINTR);
  if (received < 0) {
    if (errno == EAGAIN) return Queue::kEmpty;
    if (errno == ENOBUFS) return Queue::kOverflowed;
    throw SystemError::FromErrno("recvmmsg");
  }
  bool truncated = false;
  std::exception_ptr malformed;
  for (size_t slot = 0; slot < static_cast<size_t>(received); ++slot) {
    // Any process may send to our port; only the kernel has port 0.
    if (headers[slot].msg_hdr.msg_namelen != sizeof(sockaddr_nl) || senders[slot].nl_pid != 0) {
      continue;
    }
    if ((headers[slot].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      truncated = true;
      continue;
    }
    try {
      MessageReader reader({buffer_.get() + slot * piece_, headers[slot].msg_len});
      Message message{};
      while (reader.Next(message)) {
        const bool notification = senders[slot].nl_groups != 0;
        if (notification || message.header.nlmsg_pid == port_) on_message(message);
      }
    } catch (...) {
      if (!malformed) malformed = std::current_exception();
    }
  }
  if (malformed) std::rethrow_exception(malformed);
  if (truncated) {
    throw FormatError("message longer than the receive buffer");
  }
  return Queue::kDelivered;
}

void Socket::DiscardQueued() {
  // An earlier exchange that was abandoned left answers behind; two exchanges must not mix.
  if (!std::exchange(unread_, true)) return;
  std::array<std::byte, 1> nothing{};
  while (::recv(fd_.get(), nothing.data(), nothing.size(), MSG_DONTWAIT) >= 0 || errno == EINTR ||
         errno == ENOBUFS) {
  }
}

std::string ExtendedAckText(const Message& error_message) {
  if ((error_message.header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  size_t offset = sizeof(int);
  if (error_message.header.nlmsg_type == NLMSG_ERROR) {
    const auto error = error_message.FixedHeader<nlmsgerr>();
    offset = sizeof(nlmsgerr);
    if ((error_message.header.nlmsg_flags & NLM_F_CAPPED) == 0) {
      if (error.msg.nlmsg_len < sizeof(nlmsghdr)) {
        throw FormatError("acknowledged message too short");
      }
      offset += NLMSG_ALIGN(error.msg.nlmsg_len) - sizeof(nlmsghdr);
    }
  }
  if (offset > error_message.payload.size()) {
    throw FormatError("acknowledgement shorter than the message it holds");
  }
  AttributeReader attributes(error_message.payload.subspan(offset));
  Attribute attribute;
  while (attributes.Next(attribute)) {
    if (attribute.type == NLMSGERR_ATTR_MSG) return std::string(attribute.Text());
  }
  return {};
}

}  // namespace lvskit::netlink
