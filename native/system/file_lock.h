#pragma once

#include <optional>
#include <string>

#include "system/file_descriptor.h"

namespace lvskit::system {

/// Takes the lock that goes with a file, which is made if it is not there. Nothing when another
/// open file has it. Closing gives it back, and so does the end of the process, however it ends.
/// Throws SystemError (`open`, `flock`).
[[nodiscard]] std::optional<FileDescriptor> LockFile(const std::string& path);

}  // namespace lvskit::system
