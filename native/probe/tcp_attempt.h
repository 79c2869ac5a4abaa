#pragma once

#include "probe/records.h"
#include "system/file_descriptor.h"

namespace lvskit::probe {

/// The start of a TCP connection.
struct TcpAttempt {
  system::FileDescriptor socket;
  Stage stage = Stage::kSend;
  int error = 0;           // other than 0: it failed already
  bool connected = false;  // otherwise it is once the socket is writable
};

/// Begins to connect, in the calling thread's namespace, without waiting.
///
/// A connection that nobody keeps ends as HAProxy ends its checks: by a reset, in place of the ACK
/// that would complete it at the far end. That leaves no socket in TIME_WAIT here and no entry in
/// IPVS's connection table for two minutes, wakes no process there, and takes three packets. With
/// kCloseOrderly it is completed and closed by FIN, as keepalived does.
[[nodiscard]] TcpAttempt BeginTcp(const RequestRecord& request);

/// The error that a socket has come to, 0 for none.
[[nodiscard]] int ErrorOf(const system::FileDescriptor& socket);

}  // namespace lvskit::probe
