#pragma once

#include <string>

namespace lvskit::system {

/// Where ip-netns(8) and everything that works with it looks for namespaces by name.
inline constexpr const char* kNamespaceDirectory = "/run/netns";

/// Makes a network namespace and gives it a name, exactly as `ip netns add` does, so that either
/// sees, enters and removes what the other made. `loopback_up` also brings its `lo` up.
/// Throws SystemError: `openat` EEXIST when the name is taken; `mkdir`, `mount`, `unshare`,
/// `ioctl`.
void CreateNamedNamespace(const std::string& name, bool loopback_up);

/// Takes the name away, as `ip netns delete` does; the namespace itself lives on while a process,
/// a descriptor or a socket is in it. Throws SystemError: `unlink` ENOENT when there is no such
/// name; `umount2`.
void RemoveNamedNamespace(const std::string& name);

}  // namespace lvskit::system
