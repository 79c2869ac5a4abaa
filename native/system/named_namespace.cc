#include "system/named_namespace.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>
#include <exception>
#include <string_view>
#include <thread>

#include "system/file_descriptor.h"
#include "system/system_error.h"

namespace lvskit::system {

namespace {

std::string PathOf(const std::string& name) {
  const bool plain = !name.empty() && name != "." && name != ".." &&
                     name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
  if (!plain) throw SystemError(EINVAL, "openat");
  return std::string(kNamespaceDirectory) + '/' + name;
}

/// The directory has to be a shared mount, or a name made in one mount namespace would keep an
/// interface alive unseen in every other one after it was removed here.
void PrepareDirectory() {
  if (::mkdir(kNamespaceDirectory, 0755) != 0 && errno != EEXIST) {
    throw SystemError::FromErrno("mkdir");
  }
  // Two at once must not both bind the directory over itself.
  const FileDescriptor lock(::open(kNamespaceDirectory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.valid()) ::flock(lock.get(), LOCK_EX);
  if (::mount("", kNamespaceDirectory, "none", MS_SHARED | MS_REC, nullptr) == 0) return;
  // EINVAL: it is no mount point yet.
  if (errno != EINVAL ||
      ::mount(kNamespaceDirectory, kNamespaceDirectory, "none", MS_BIND | MS_REC, nullptr) != 0 ||
      ::mount("", kNamespaceDirectory, "none", MS_SHARED | MS_REC, nullptr) != 0) {
    throw SystemError::FromErrno("mount");
  }
}

void BringLoopbackUp() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) throw SystemError::FromErrno("socket");
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ);
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) throw SystemError::FromErrno("ioctl");
}

/// Runs on a thread that ends afterwards: it is in the new namespace from unshare() on.
void Populate(const std::string& path, bool loopback_up) {
  if (::unshare(CLONE_NEWNET) != 0) throw SystemError::FromErrno("unshare");
  if (loopback_up) BringLoopbackUp();
  if (::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0) {
    throw SystemError::FromErrno("mount");
  }
}

}  // namespace

void CreateNamedNamespace(const std::string& name, bool loopback_up) {
  const std::string path = PathOf(name);
  PrepareDirectory();
  const FileDescriptor file(
      ::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
  if (!file.valid()) throw SystemError::FromErrno("openat");
  std::exception_ptr failure;
  std::thread creator([&] {
    try {
      Populate(path, loopback_up);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  creator.join();
  if (failure) {
    ::unlink(path.c_str());
    std::rethrow_exception(failure);
  }
}

void RemoveNamedNamespace(const std::string& name) {
  const std::string path = PathOf(name);
  // EINVAL: the file is there and nothing is mounted on it, as after an `ip netns add` that was
  // interrupted. ENOENT is told by unlink().
  if (::umount2(path.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT) {
    throw SystemError::FromErrno("umount2");
  }
  if (::unlink(path.c_str()) != 0) throw SystemError::FromErrno("unlink");
}

}  // namespace lvskit::system
