#include "system/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include "system/system_error.h"

namespace lvskit::system {

std::optional<FileDescriptor> LockFile(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) throw SystemError::FromErrno("open");
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) throw SystemError::FromErrno("flock");
  }
  return file;
}

}  // namespace lvskit::system
