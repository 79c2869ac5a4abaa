#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "netlink/message.h"
#include "system/file_descriptor.h"
#include "system/namespace.h"

namespace lvskit::netlink {

/// The request ran, but its acknowledgement never came (a handler that returned -EINTR sends none;
/// a full receive buffer drops it). What it did has to be read back.
inline constexpr int kUnanswered = -1;

/// A request of a batch that did not simply succeed.
struct Failure {
  size_t index;
  int error_number;  // or kUnanswered
  std::string message;
};

/// One netlink socket, for one thread at a time.
///
/// The kernel runs every request inside sendmsg() and has queued all answers when that returns, so
/// nothing here ever waits: receiving goes on until the answers are complete or the queue is empty.
class Socket {
 public:
  using Handler = std::function<void(const Message&)>;

  /// Batches up to this size cannot overflow a default receive buffer (237 acknowledgements), not
  /// even when every request fails, nor the default send buffer.
  static constexpr size_t kMaxBatch = 128;

  /// The kernel cuts a dump into pieces of the largest buffer it was ever offered on the socket, up
  /// to 32 KiB, and clears every piece before it fills it; it walks the table from its beginning
  /// for each. So many short dumps want small pieces and one long dump wants large ones.
  static constexpr size_t kSmallPiece = 4 * 1024;
  static constexpr size_t kLargePiece = 32 * 1024;

  /// Throws SystemError (`open`, `setns`, `socket`, `bind`).
  Socket(int protocol, const system::NetworkNamespace& network_namespace,
         size_t piece = kLargePiece);

  /// Reserves `count` consecutive sequence numbers and returns the first.
  uint32_t ReserveSequences(uint32_t count);

  /// Sends the messages of `batch`, which carry consecutive sequence numbers from `first`, in one
  /// datagram and returns those that failed, by index. The last message is acknowledged, the rest
  /// only when they fail. Replies other than acknowledgements go to `on_reply` with the index of
  /// their request. There is no transaction: a failed message does not stop those behind it.
  std::vector<Failure> Transact(MessageWriter& batch, uint32_t first,
                                const std::function<void(size_t, const Message&)>& on_reply);

  /// Sends one dump request (with NLM_F_DUMP set, sequence number `sequence`) and hands every
  /// message of the answer to `on_message`. Returns false when the kernel says the table changed
  /// meanwhile (NLM_F_DUMP_INTR): what was delivered is then no consistent picture.
  /// Throws SystemError when the kernel refuses the dump.
  [[nodiscard]] bool Dump(const MessageWriter& request, uint32_t sequence,
                          const Handler& on_message);

  /// Subscribes to a multicast group (for notifications; see Receive()).
  void Join(uint32_t group);

  /// Hands everything that is queued to `on_message` without waiting. Throws SystemError with
  /// ENOBUFS when notifications were lost.
  void Receive(const Handler& on_message);

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  enum class Queue { kDelivered, kEmpty, kOverflowed };

  void Send(std::span<const std::byte> datagram);
  Queue ReceiveQueued(const Handler& on_message);
  void DiscardQueued();

  system::FileDescriptor fd_;
  uint32_t port_ = 0;
  uint32_t next_sequence_ = 1;
  bool unread_ = false;
  size_t piece_;
  std::unique_ptr<std::byte[]> buffer_;
};

/// Why a request was refused: the kernel's extended acknowledgement text, or an empty string.
/// `error_message` is an NLMSG_ERROR, or the NLMSG_DONE of a dump that failed.
[[nodiscard]] std::string ExtendedAckText(const Message& error_message);

}  // namespace lvskit::netlink
