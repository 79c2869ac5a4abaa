#include "system/notify.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "support.h"
#include "system/file_descriptor.h"
#include "system/system_error.h"

namespace lvskit {
namespace {

using system::FileDescriptor;
using system::SystemError;

/// A service manager's socket, at a path or, with an `@` in front, in the abstract namespace.
FileDescriptor Manager(const std::string& name) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.front() == '@') address.sun_path[0] = 0;
  const size_t size = offsetof(sockaddr_un, sun_path) + name.size();
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(size)) == 0);
  return socket;
}

std::string Received(const FileDescriptor& socket) {
  std::array<char, 256> buffer{};
  const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
  return size < 0 ? "nothing" : std::string(buffer.data(), static_cast<size_t>(size));
}

template <typename Work>
void CheckRefused(const Work& work, int error_number) {
  try {
    work();
    FAIL("it was not refused");
  } catch (const SystemError& error) {
    CHECK(error.error_number() == error_number);
  }
}

TEST_CASE("a service manager is told, at a path and in the abstract namespace") {
  std::string folder = "/tmp/lvskit-notify-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/socket";
  const std::string abstract = "@" + path;
  for (const std::string& name : {path, abstract}) {
    CAPTURE(name);
    const FileDescriptor manager = Manager(name);
    system::NotifyManager(name, "READY=1\nSTATUS=all is well");
    CHECK(Received(manager) == "READY=1\nSTATUS=all is well");
  }
  CheckRefused([&] { system::NotifyManager(abstract, "READY=1"); }, ECONNREFUSED);
  ::unlink(path.c_str());
  ::rmdir(folder.c_str());
  CheckRefused([&] { system::NotifyManager(path, "READY=1"); }, ENOENT);
}

TEST_CASE("what is no name of a unix socket is refused") {
  for (const char* name : {"", "relative", "vsock:2:1234"}) {
    CAPTURE(name);
    CheckRefused([&] { system::NotifyManager(name, "READY=1"); }, EAFNOSUPPORT);
  }
  CheckRefused([] { system::NotifyManager("/" + std::string(107, 'x'), "READY=1"); }, ENAMETOOLONG);
}

TEST_CASE("the peer of a unix socket is known, what has none is refused") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const FileDescriptor one(ends[0]);
  const FileDescriptor other(ends[1]);
  const system::Peer peer = system::PeerOf(one.get());
  CHECK(peer.pid == ::getpid());
  CHECK(peer.uid == ::getuid());
  CHECK(peer.gid == ::getgid());
  const FileDescriptor alone(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CheckRefused([&] { static_cast<void>(system::PeerOf(alone.get())); }, ENOTCONN);
  const FileDescriptor tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CheckRefused([&] { static_cast<void>(system::PeerOf(tcp.get())); }, ENOTCONN);
  CheckRefused([] { static_cast<void>(system::PeerOf(-1)); }, EBADF);
}

TEST_CASE("all groups of the peer are known, however many" * doctest::skip(::geteuid() != 0)) {
  std::vector<gid_t> before(65536);
  const int count = ::getgroups(static_cast<int>(before.size()), before.data());
  REQUIRE(count >= 0);
  before.resize(static_cast<size_t>(count));
  for (const size_t many : {size_t{0}, size_t{64}, size_t{65}, size_t{1000}}) {
    CAPTURE(many);
    std::vector<gid_t> groups(many);
    std::iota(groups.begin(), groups.end(), gid_t{5000});
    REQUIRE(::setgroups(groups.size(), groups.data()) == 0);
    std::array<int, 2> ends{};
    const int made = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data());
    REQUIRE(::setgroups(before.size(), before.data()) == 0);
    REQUIRE(made == 0);
    const FileDescriptor one(ends[0]);
    const FileDescriptor other(ends[1]);
    CHECK(system::PeerOf(one.get()).groups == groups);
  }
}

}  // namespace
}  // namespace lvskit
