#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lvskit::system {

/// Sends a state such as "READY=1" to the service manager's socket, as sd_notify(3) does: a path,
/// or a name in the abstract namespace after an `@`. Waits for room there, but not for ever. Throws
/// SystemError: `sendto`, ECONNREFUSED or ENOENT when nobody reads there; EAFNOSUPPORT from
/// `socket` for what is neither, ENAMETOOLONG for what no socket can be called.
void NotifyManager(const std::string& socket_name, const std::string& state);

/// Who is at the other end of a unix stream socket, as the kernel knew it when they connected.
struct Peer {
  pid_t pid;
  uid_t uid;
  gid_t gid;
  /// Its supplementary groups. Empty before Linux 4.13.
  std::vector<gid_t> groups;
};

/// Throws SystemError (`getsockopt:SO_PEERCRED`): ENOTSOCK, EBADF, ENOPROTOOPT; ENOTCONN for what
/// is no connected unix socket.
[[nodiscard]] Peer PeerOf(int socket);

}  // namespace lvskit::system
