#include "system/open_file.h"

#include <fcntl.h>

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

}  // namespace lvskit::system
