#include "system/poller.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "system/system_error.h"

namespace lvskit::system {

namespace {

/// Rounded up: waking a moment early would spin until the deadline has really passed.
int MillisecondsUntil(Poller::Clock::time_point deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - Poller::Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

}  // namespace

uint64_t Poller::Watch(int fd, int16_t events, std::optional<Clock::time_point> deadline,
                       Handler handler) {
  const std::lock_guard lock(mutex_);
  if (running_) {
    Signal();
  } else {
    Start();
  }
  const uint64_t watch = next_watch_++;
  entries_.emplace(watch, Entry{.fd = fd,
                                .events = events,
                                .deadline = deadline,
                                .handler = std::move(handler),
                                .cancelled = false});
  return watch;
}

void Poller::Cancel(uint64_t watch) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(watch);
  if (entry == entries_.end()) return;
  entry->second.cancelled = true;
  Signal();
}

void Poller::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (running_) Signal();
  }
  if (thread_.joinable()) thread_.join();
  entries_.clear();
}

void Poller::Start() {
  // An earlier thread found nothing left to do; it is past its last look at our members.
  if (thread_.joinable()) thread_.join();
  wake_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.valid()) throw SystemError::FromErrno("eventfd");
  try {
    thread_ = std::thread([this] { Loop(); });
  } catch (const std::system_error& error) {
    throw SystemError(error.code().value(), "pthread_create");
  }
  running_ = true;
}

void Poller::Signal() const {
  // Fails only when the counter is full, and then the thread is about to wake anyway.
  static_cast<void>(::eventfd_write(wake_.get(), 1));
}

void Poller::Loop() {
  std::vector<pollfd> descriptors;
  std::vector<uint64_t> watches;
  std::unique_lock lock(mutex_);
  while (!stopping_ && !entries_.empty()) {
    descriptors.assign(1, {.fd = wake_.get(), .events = POLLIN, .revents = 0});
    watches.clear();
    int timeout = -1;
    for (const auto& [watch, entry] : entries_) {
      descriptors.push_back({.fd = entry.fd, .events = entry.events, .revents = 0});
      watches.push_back(watch);
      if (entry.cancelled) timeout = 0;
      if (!entry.deadline) continue;
      const int left = MillisecondsUntil(*entry.deadline);
      timeout = timeout < 0 ? left : std::min(timeout, left);
    }
    lock.unlock();
    const bool failed = ::poll(descriptors.data(), descriptors.size(), timeout) < 0;
    lock.lock();
    eventfd_t count = 0;
    static_cast<void>(::eventfd_read(wake_.get(), &count));
    if (stopping_) break;
    for (size_t index = 0; index < watches.size(); ++index) {
      Settle(lock, watches[index], !failed && descriptors[index + 1].revents != 0);
    }
  }
  wake_.Close();
  running_ = false;
}

void Poller::Settle(std::unique_lock<std::mutex>& lock, uint64_t watch, bool ready) {
  const auto entry = entries_.find(watch);
  const auto& deadline = entry->second.deadline;
  Wake wake = Wake::kReady;
  if (entry->second.cancelled) {
    wake = Wake::kCancelled;
  } else if (!ready) {
    if (!deadline || Clock::now() < *deadline) return;
    wake = Wake::kDeadline;
  }
  // Only this thread erases, so the entry stays while the handler runs unlocked.
  lock.unlock();
  const bool again = entry->second.handler(wake) && wake == Wake::kReady;
  lock.lock();
  if (again) return;
  Handler handler = std::move(entry->second.handler);
  entries_.erase(entry);
  // Destroying it may close a socket, which may take its time.
  lock.unlock();
  handler = nullptr;
  lock.lock();
}

}  // namespace lvskit::system
