#include "system/sysctl.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>

#include "system/file_descriptor.h"
#include "system/system_error.h"

namespace lvskit::system {

namespace {

constexpr std::string_view kRoot = "/proc/sys/";

/// Whoever hands a name on from outside must not get at other files with it.
std::string PathOf(const std::string& name) {
  std::string_view rest = name;
  while (!rest.empty()) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    const bool plain = !part.empty() && part != "." && part != ".." && part.find('\0') == part.npos;
    if (!plain || slash + 1 == rest.size()) throw SystemError(EINVAL, "openat");
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return std::string(kRoot) + name;
}

FileDescriptor Open(const std::string& path, int flags) {
  FileDescriptor file(::openat(AT_FDCWD, path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) throw SystemError::FromErrno("openat");
  return file;
}

std::string ReadAll(const std::string& path) {
  const FileDescriptor file = Open(path, O_RDONLY);
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SystemError::FromErrno("read");
    if (got == 0) break;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::optional<std::string> ReadIfReadable(const std::string& path) {
  try {
    return ReadAll(path);
  } catch (const SystemError&) {
    // Some refuse to be read by their mode, others only once asked; a list goes on without them.
    return std::nullopt;
  }
}

/// Returns whether the kernel took all of it. Every write starts the value anew, so there is one;
/// the newline makes an empty value a write as well.
bool WriteOnce(const std::string& path, const std::string& value) {
  const FileDescriptor file = Open(path, O_WRONLY);
  const std::string line = value + '\n';
  ssize_t written = 0;
  do {
    written = ::write(file.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0) throw SystemError::FromErrno("write");
  // IPv6's forwarding reports 1 byte whatever it took.
  return static_cast<size_t>(written) >= value.size();
}

void Collect(const std::string& path, std::vector<Sysctl>& found) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw SystemError::FromErrno("openat");
  if (!S_ISDIR(status.st_mode)) {
    found.push_back({.name = path.substr(kRoot.size()), .value = ReadIfReadable(path)});
    return;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) throw SystemError::FromErrno("openat");
  std::vector<std::string> names;
  while (const dirent* const entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  const std::string folder = path.ends_with('/') ? path : path + '/';
  for (const std::string& name : names) {
    try {
      Collect(folder + name, found);
    } catch (const SystemError& error) {
      // An interface may go, with its sysctls, between the listing and the look.
      if (error.error_number() != ENOENT) throw;
    }
  }
}

}  // namespace

std::string ReadSysctl(const std::string& name, const NetworkNamespace& where) {
  const std::string path = PathOf(name);
  std::string value;
  where.Run([&] { value = ReadAll(path); });
  return value;
}

std::optional<std::string> WriteSysctl(const std::string& name, const std::string& value,
                                       const NetworkNamespace& where) {
  const std::string path = PathOf(name);
  std::optional<std::string> previous;
  where.Run([&] {
    previous = ReadIfReadable(path);
    if (WriteOnce(path, value)) return;
    if (previous) WriteOnce(path, *previous);
    throw SystemError(EINVAL, "write");
  });
  return previous;
}

std::vector<Sysctl> ListSysctls(const std::string& prefix, const NetworkNamespace& where) {
  const std::string path = PathOf(prefix);
  std::vector<Sysctl> found;
  where.Run([&] { Collect(path, found); });
  return found;
}

}  // namespace lvskit::system
