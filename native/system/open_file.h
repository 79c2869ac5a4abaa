#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "system/file_descriptor.h"
#include "system/namespace.h"

namespace lvskit::system {

/// Opens `path` for reading inside a namespace. A file of /proc/net stays bound to the namespace it
/// was opened in, so it can be read from anywhere afterwards; it has to be named through
/// /proc/thread-self/net, since /proc/net is that of the process.
/// Throws SystemError (`openat`).
[[nodiscard]] FileDescriptor OpenFile(const std::string& path, const NetworkNamespace& where);

/// Reads until `buffer` is full or the file ends; returns the count of bytes. A file of /proc gives
/// a page at a time, which is little for a trip to another thread. Throws SystemError (`read`).
[[nodiscard]] size_t ReadFully(const FileDescriptor& file, std::span<std::byte> buffer);

}  // namespace lvskit::system
