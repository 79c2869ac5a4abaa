#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "system/file_descriptor.h"

namespace lvskit::system {

/// Waits for many descriptors on one thread of its own, which is there only while there is
/// something to wait for.
class Poller {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Wake { kReady, kDeadline, kCancelled };

  /// Called on the poller's thread; must not throw. After kReady it says whether to go on waiting;
  /// after kDeadline and kCancelled it is not called again. It owns what it needs: the descriptor
  /// must stay open until the handler is destroyed.
  using Handler = std::function<bool(Wake)>;

  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller() { Stop(); }

  /// Calls `handler` when `fd` is ready for `events` (of poll(2)) or has failed, when `deadline`
  /// has passed, or when cancelled. Throws SystemError (`eventfd`, `pthread_create`).
  uint64_t Watch(int fd, int16_t events, std::optional<Clock::time_point> deadline,
                 Handler handler);

  /// Makes the watch end with kCancelled, soon and on the poller's thread. One that has ended is
  /// left alone.
  void Cancel(uint64_t watch);

  /// Ends the thread and drops what is still being waited for, without a call.
  void Stop();

 private:
  struct Entry {
    int fd;
    int16_t events;
    std::optional<Clock::time_point> deadline;
    Handler handler;
    bool cancelled;
  };

  void Start();
  void Signal() const;
  void Loop();
  void Settle(std::unique_lock<std::mutex>& lock, uint64_t watch, bool ready);

  std::mutex mutex_;
  std::map<uint64_t, Entry> entries_;
  uint64_t next_watch_ = 1;
  bool running_ = false;
  bool stopping_ = false;
  FileDescriptor wake_;
  std::thread thread_;
};

}  // namespace lvskit::system
