#include "probe/prober.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <iterator>
#include <system_error>

#include "system/system_error.h"

namespace lvskit::probe {

namespace {

using std::chrono::milliseconds;
using system::FileDescriptor;
using system::SystemError;

constexpr size_t kEventsAtOnce = 512;

/// Between these many starts it is looked for answers, whose time counts.
constexpr int kStartsAtOnce = 64;

/// Results that come closer together than this are delivered together: waking JavaScript's thread
/// costs more than a result. One that comes after a pause is not held up.
constexpr milliseconds kDeliveryPause{2};

/// What epoll hands back: a flight's slot and generation, or one of these.
constexpr uint64_t kWakeTag = ~uint64_t{0};
constexpr uint64_t kEcho4Tag = kWakeTag - 1;
constexpr uint64_t kEcho6Tag = kWakeTag - 2;

uint64_t TagOf(uint32_t slot, uint32_t generation) { return uint64_t{generation} << 32 | slot; }

void Watch(const FileDescriptor& epoll, int fd, uint32_t events, uint64_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    throw SystemError::FromErrno("epoll_ctl");
  }
}

bool SameAddress(const RequestRecord& request, const packet::Ipv6Address& address) {
  const size_t size = request.family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr);
  return std::memcmp(request.address.data(), address.data(), size) == 0;
}

}  // namespace

Prober::Prober(const system::NetworkNamespace& where, size_t most_in_flight, Notify notify)
    : most_in_flight_(std::clamp<size_t>(most_in_flight, 1, kMostInFlight)),
      notify_(std::move(notify)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_.valid()) throw SystemError::FromErrno("epoll_create1");
  if (!wake_.valid()) throw SystemError::FromErrno("eventfd");
  Watch(epoll_, wake_.get(), EPOLLIN, kWakeTag);
  std::promise<void> entered;
  try {
    thread_ = std::thread([this, &where, &entered] {
      try {
        where.Enter();
      } catch (...) {
        entered.set_exception(std::current_exception());
        return;
      }
      entered.set_value();
      Loop();
    });
  } catch (const std::system_error& error) {
    throw SystemError(error.code().value(), "pthread_create");
  }
  try {
    entered.get_future().get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

void Prober::Submit(std::span<const RequestRecord> requests) {
  {
    const std::lock_guard lock(mutex_);
    submitted_.insert(submitted_.end(), requests.begin(), requests.end());
  }
  // Without the mutex, which the thread that wakes up wants at once.
  static_cast<void>(::eventfd_write(wake_.get(), 1));
}

void Prober::Cancel(uint32_t id) {
  {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(id);
  }
  static_cast<void>(::eventfd_write(wake_.get(), 1));
}

std::vector<Result> Prober::Take() {
  const std::lock_guard lock(mutex_);
  notified_ = false;
  return std::exchange(results_, {});
}

void Prober::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    static_cast<void>(::eventfd_write(wake_.get(), 1));
  }
  if (thread_.joinable()) thread_.join();
}

void Prober::Loop() {
  std::array<epoll_event, kEventsAtOnce> events;
  do {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), kEventsAtOnce, MillisecondsToWait());
    now_ = Clock::now();
    for (int index = 0; index < count; ++index) {
      const epoll_event& event = events[static_cast<size_t>(index)];
      OnEvent(event.data.u64, event.events);
    }
    Expire();
    if (!TakeOrders()) break;
    StartWaiting();
    Deliver();
  } while (true);
  flights_.clear();
  for (Echo& echo : echoes_) echo.socket.reset();
  fresh_.clear();
}

/// Rounded up: waking a moment early would spin until the time has really come.
int Prober::MillisecondsToWait() const {
  if (!waiting_.empty() && HasRoom()) return 0;
  Time until = Time::max();
  if (!deadlines_.empty()) until = deadlines_.begin()->first;
  if (!fresh_.empty()) until = std::min(until, last_delivery_ + kDeliveryPause);
  if (until == Time::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

void Prober::OnEvent(uint64_t tag, uint32_t events) {
  switch (tag) {
    case kWakeTag: {
      eventfd_t count = 0;
      static_cast<void>(::eventfd_read(wake_.get(), &count));
      return;
    }
    case kEcho4Tag:
    case kEcho6Tag:
      ReadEchoes(EchoOf(tag == kEcho6Tag ? AF_INET6 : AF_INET));
      return;
    default:
      break;
  }
  const auto slot = static_cast<Slot>(tag);
  // A child process that is about to exec holds what we closed open for a moment, and its events.
  if (flights_[slot].generation != tag >> 32) return;
  // Only an error is worth the call that tells which.
  const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
  const int error = failed ? ErrorOf(flights_[slot].socket) : 0;
  Finish(slot, Stage::kAnswer, failed && error == 0 ? ECONNRESET : error);
}

void Prober::Expire() {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_) {
    Finish(deadlines_.begin()->second, Stage::kAnswer, ETIMEDOUT);
  }
}

bool Prober::TakeOrders() {
  std::vector<RequestRecord> requests;
  std::vector<uint32_t> cancelled;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    requests.swap(submitted_);
    cancelled.swap(cancelled_);
  }
  waiting_.insert(waiting_.end(), requests.begin(), requests.end());
  for (const uint32_t id : cancelled) CancelNow(id);
  return true;
}

void Prober::CancelNow(uint32_t id) {
  if (const auto flight = by_id_.find(id); flight != by_id_.end()) {
    Finish(flight->second, Stage::kAnswer, ECANCELED);
    return;
  }
  const auto waiting = std::ranges::find(waiting_, id, &RequestRecord::id);
  if (waiting == waiting_.end()) return;
  waiting_.erase(waiting);
  Add(id, Stage::kAnswer, ECANCELED, 0);
}

void Prober::StartWaiting() {
  for (int count = 0; count < kStartsAtOnce && !waiting_.empty() && HasRoom(); ++count) {
    const RequestRecord request = waiting_.front();
    waiting_.pop_front();
    Start(request);
  }
}

void Prober::Start(const RequestRecord& request) {
  if (free_.empty()) {
    free_.push_back(static_cast<Slot>(flights_.size()));
    flights_.emplace_back();
  }
  const Slot slot = free_.back();
  free_.pop_back();
  Flight& flight = flights_[slot];
  flight.request = request;
  flight.request.device.back() = 0;
  flight.started = Clock::now();
  flight.deadline = flight.started + milliseconds(request.timeout_ms);
  deadlines_.emplace(flight.deadline, slot);
  by_id_.try_emplace(request.id, slot);
  if (request.family != AF_INET && request.family != AF_INET6) {
    Finish(slot, Stage::kSocket, EAFNOSUPPORT);
  } else if (request.kind == static_cast<uint8_t>(Kind::kEcho)) {
    StartEcho(slot);
  } else {
    StartConnect(slot);
  }
}

void Prober::StartConnect(Slot slot) {
  Flight& flight = flights_[slot];
  TcpAttempt attempt = BeginTcp(flight.request);
  flight.socket = std::move(attempt.socket);
  if (attempt.error != 0 || attempt.connected) {
    now_ = Clock::now();
    Finish(slot, attempt.stage, attempt.error);
    return;
  }
  try {
    Watch(epoll_, flight.socket.get(), EPOLLOUT | EPOLLONESHOT, TagOf(slot, flight.generation));
  } catch (const SystemError& error) {
    // fs.epoll.max_user_watches
    Finish(slot, Stage::kSocket, error.error_number());
  }
}

void Prober::StartEcho(Slot slot) {
  Flight& flight = flights_[slot];
  Echo& echo = EchoOf(flight.request.family);
  try {
    if (!echo.socket) {
      EchoSocket socket(flight.request.family);
      Watch(epoll_, socket.fd(), EPOLLIN,
            flight.request.family == AF_INET6 ? kEcho6Tag : kEcho4Tag);
      echo.socket.emplace(std::move(socket));
    }
  } catch (const SystemError& error) {
    Finish(slot, Stage::kSocket, error.error_number());
    return;
  }
  // There is one: fewer are in flight than there are numbers.
  while (!echo.flights.try_emplace(echo.next_sequence, slot).second) ++echo.next_sequence;
  flight.sequence = echo.next_sequence++;
  const EchoSocket::Failure failure = echo.socket->Send(flight.request, flight.sequence);
  if (failure.error != 0) Finish(slot, failure.stage, failure.error);
}

void Prober::ReadEchoes(Echo& echo) {
  echo.socket->Receive([&](const EchoSocket::Answer& answer) {
    const auto found = echo.flights.find(answer.sequence);
    if (found == echo.flights.end()) return;
    const Slot slot = found->second;
    if (SameAddress(flights_[slot].request, answer.target)) {
      Finish(slot, Stage::kAnswer, answer.error);
    }
  });
}

void Prober::Finish(Slot slot, Stage stage, int error) {
  Flight& flight = flights_[slot];
  const RequestRecord& request = flight.request;
  deadlines_.erase({flight.deadline, slot});
  if (const auto found = by_id_.find(request.id); found != by_id_.end() && found->second == slot) {
    by_id_.erase(found);
  }
  if (request.kind == static_cast<uint8_t>(Kind::kEcho)) {
    auto& echoes = EchoOf(request.family).flights;
    const auto found = echoes.find(flight.sequence);
    if (found != echoes.end() && found->second == slot) echoes.erase(found);
  }
  FileDescriptor socket = std::move(flight.socket);
  const bool kept = error == 0 && socket.valid() && (request.flags & kKeepSocket) != 0;
  if (kept) static_cast<void>(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket.get(), nullptr));
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now_ - flight.started);
  const auto latency = static_cast<uint32_t>(std::clamp<int64_t>(took.count(), 0, UINT32_MAX));
  ++flight.generation;
  free_.push_back(slot);
  Add(request.id, stage, error, latency, kept ? std::move(socket) : FileDescriptor());
}

void Prober::Add(uint32_t id, Stage stage, int error, uint32_t latency_us, FileDescriptor socket) {
  fresh_.push_back({.record = {.id = id,
                               .error = static_cast<uint16_t>(error),
                               .stage = static_cast<uint16_t>(stage),
                               .latency_us = latency_us,
                               .socket = 0},
                    .socket = std::move(socket)});
}

void Prober::Deliver() {
  if (fresh_.empty()) return;
  const Time now = Clock::now();
  if (now < last_delivery_ + kDeliveryPause) return;
  last_delivery_ = now;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    std::ranges::move(fresh_, std::back_inserter(results_));
    first = !std::exchange(notified_, true);
  }
  fresh_.clear();
  if (first) notify_();
}

}  // namespace lvskit::probe
