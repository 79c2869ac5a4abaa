#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <functional>

#include "packet/icmp.h"
#include "probe/records.h"
#include "system/file_descriptor.h"

namespace lvskit::probe {

/// A raw socket that sends ICMP echo requests to any number of hosts of one family and reads what
/// comes back for them.
class EchoSocket {
 public:
  struct Answer {
    uint16_t sequence;
    int error;  // 0: a reply
    /// Whom it is about: the host that replied, or that cannot be reached.
    packet::Ipv6Address target;
  };
  using Handler = std::function<void(const Answer&)>;

  /// In the calling thread's namespace. Throws SystemError (`socket` EPERM without CAP_NET_RAW).
  explicit EchoSocket(sa_family_t family);

  [[nodiscard]] int fd() const { return socket_.get(); }

  struct Failure {
    Stage stage = Stage::kSend;
    int error = 0;  // 0: it was sent
  };
  [[nodiscard]] Failure Send(const RequestRecord& request, uint16_t sequence);

  /// Hands over what has arrived, without waiting and not without end.
  void Receive(const Handler& handler) const;

 private:
  sa_family_t family_;
  system::FileDescriptor socket_;
  uint16_t identifier_;
  uint32_t mark_ = 0;
};

}  // namespace lvskit::probe
