#include "system/notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "system/file_descriptor.h"
#include "system/system_error.h"

namespace lvskit::system {

namespace {

/// A manager that reads nothing for so long is not going to.
constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};

/// Most of the groups that a process can have (NGROUPS_MAX), and a few to begin with.
constexpr size_t kMostGroups = 65536;
constexpr size_t kUsualGroups = 64;

std::vector<gid_t> PeerGroupsOf(int socket) {
  std::vector<gid_t> groups(kUsualGroups);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
      groups.resize(size / sizeof(gid_t));
      return groups;
    }
    if (errno == ENOPROTOOPT) return {};
    // It has said how much room it wants.
    const size_t wanted = size / sizeof(gid_t);
    if (errno != ERANGE || wanted <= groups.size() || wanted > kMostGroups) {
      throw SystemError::FromErrno("getsockopt:SO_PEERGROUPS");
    }
    groups.resize(wanted);
  }
}

}  // namespace

void NotifyManager(const std::string& socket_name, const std::string& state) {
  const bool abstract = !socket_name.empty() && socket_name.front() == '@';
  if (!abstract && (socket_name.empty() || socket_name.front() != '/')) {
    throw SystemError(EAFNOSUPPORT, "socket");
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_name.size() >= sizeof address.sun_path) throw SystemError(ENAMETOOLONG, "socket");
  std::memcpy(address.sun_path, socket_name.data(), socket_name.size());
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_name.size());
  if (abstract) {
    address.sun_path[0] = 0;
  } else {
    ++size;  // the NUL at the end of a path
  }
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) throw SystemError::FromErrno("socket");
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) != 0) {
    throw SystemError::FromErrno("setsockopt");
  }
  ssize_t sent = 0;
  do {
    sent = ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address), size);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) throw SystemError::FromErrno("sendto");
}

Peer PeerOf(int socket) {
  int domain = 0;
  socklen_t domain_size = sizeof domain;
  if (::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) != 0) {
    throw SystemError::FromErrno("getsockopt:SO_PEERCRED");
  }
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    throw SystemError::FromErrno("getsockopt:SO_PEERCRED");
  }
  // For what has no peer the kernel answers with nobody rather than with an error.
  if (domain != AF_UNIX || credentials.pid == 0) {
    throw SystemError(ENOTCONN, "getsockopt:SO_PEERCRED");
  }
  return {.pid = credentials.pid,
          .uid = credentials.uid,
          .gid = credentials.gid,
          .groups = PeerGroupsOf(socket)};
}

}  // namespace lvskit::system
