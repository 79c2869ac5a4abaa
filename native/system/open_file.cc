#include "system/open_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "system/system_error.h"

namespace lvskit::system {

FileDescriptor OpenFile(const std::string& path, const NetworkNamespace& where) {
  FileDescriptor file;
  where.Run([&] {
    file = FileDescriptor(::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) throw SystemError::FromErrno("openat");
  });
  return file;
}

size_t ReadFully(const FileDescriptor& file, std::span<std::byte> buffer) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t count = ::read(file.get(), buffer.data() + filled, buffer.size() - filled);
    if (count == 0) break;
    if (count > 0) {
      filled += static_cast<size_t>(count);
    } else if (errno != EINTR) {
      throw SystemError::FromErrno("read");
    }
  }
  return filled;
}

}  // namespace lvskit::system
