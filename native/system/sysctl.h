#pragma once

#include <optional>
#include <string>
#include <vector>

#include "system/namespace.h"

namespace lvskit::system {

struct Sysctl {
  std::string name;  // below /proc/sys, with slashes
  /// Absent when it cannot be read, as net/ipv4/route/flush can only be written.
  std::optional<std::string> value;
};

/// Reads the sysctl `name`, its path below /proc/sys, without the newline at its end.
/// Throws SystemError: EINVAL from `openat` when `name` is no plain relative path, otherwise what
/// opening (`openat`) or reading (`read`) was refused with.
[[nodiscard]] std::string ReadSysctl(const std::string& name, const NetworkNamespace& where);

/// Writes the sysctl and returns what it was before, which is absent when it cannot be read.
/// A value of which the kernel takes only the front is undone and refused with EINVAL.
/// Throws SystemError (`openat`, `write`).
std::optional<std::string> WriteSysctl(const std::string& name, const std::string& value,
                                       const NetworkNamespace& where);

/// All sysctls at or below `prefix` in the order of their names; an empty prefix is all there are.
[[nodiscard]] std::vector<Sysctl> ListSysctls(const std::string& prefix,
                                              const NetworkNamespace& where);

}  // namespace lvskit::system
