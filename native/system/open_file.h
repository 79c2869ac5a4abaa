#pragma once

#include <string>

#include "system/file_descriptor.h"
#include "system/namespace.h"

namespace lvskit::system {

/// Opens `path` for reading inside a namespace. A file of /proc/net stays bound to the namespace it
/// was opened in, so it can be read from anywhere afterwards; it has to be named through
/// /proc/thread-self/net, since /proc/net is that of the process.
/// Throws SystemError (`openat`).
[[nodiscard]] FileDescriptor OpenFile(const std::string& path, const NetworkNamespace& where);

}  // namespace lvskit::system
