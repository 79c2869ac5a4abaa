#pragma once

#include <functional>
#include <string>
#include <variant>

namespace lvskit::system {

/// Which network namespace a call works in: the process's own (the default), the one a path such
/// as /run/netns/x or /proc/PID/ns/net stands for, or the one an open descriptor refers to.
class NetworkNamespace {
 public:
  NetworkNamespace() = default;
  explicit NetworkNamespace(std::string path) : target_(std::move(path)) {}
  explicit NetworkNamespace(int fd) : target_(fd) {}

  /// The process's own, which takes no privilege to work in.
  [[nodiscard]] bool own() const { return std::holds_alternative<std::monostate>(target_); }

  /// Calls `work` with the calling thread inside the namespace. For any but the process's own
  /// that is a thread made for this call and thrown away, since a libuv pool thread that moved
  /// would take every later job with it. What `work` throws is thrown here.
  /// Throws SystemError: `open` when the path is missing, `setns` when it is no network namespace
  /// or the caller lacks CAP_SYS_ADMIN.
  void Run(const std::function<void()>& work) const;

  /// Moves the calling thread there for good, which has to be one that does nothing else.
  /// Throws as Run() does.
  void Enter() const;

 private:
  std::variant<std::monostate, std::string, int> target_;
};

}  // namespace lvskit::system
