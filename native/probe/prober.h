#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "probe/echo_socket.h"
#include "probe/records.h"
#include "probe/tcp_attempt.h"
#include "system/file_descriptor.h"
#include "system/namespace.h"

namespace lvskit::probe {

/// What became of a probe, with the socket where it was to be kept.
struct Result {
  ResultRecord record;
  system::FileDescriptor socket;
};

/// Connects to, or pings, any number of hosts from one network namespace, on one thread of its own
/// that has moved there for good.
class Prober {
 public:
  /// Called on the prober's thread when there are results to take; must not throw. Not called again
  /// until they were taken.
  using Notify = std::function<void()>;

  /// More than `most_in_flight` probes wait for others to end; their time begins when they begin.
  /// Throws SystemError: what entering the namespace was refused with; `epoll_create1`, `eventfd`,
  /// `pthread_create`.
  Prober(const system::NetworkNamespace& where, size_t most_in_flight, Notify notify);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  ~Prober() { Stop(); }

  /// How many can be in flight: echo requests are told apart by 16 bits.
  static constexpr size_t kMostInFlight = 60'000;

  /// Every request ends in one result, unless the prober is stopped before.
  void Submit(std::span<const RequestRecord> requests);

  /// Makes a probe end with ECANCELED. One that has ended is left alone.
  void Cancel(uint32_t id);

  /// What has come since this was last asked.
  [[nodiscard]] std::vector<Result> Take();

  /// Ends the thread and closes everything; what is under way has no result. Any thread's but the
  /// prober's own.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using Slot = uint32_t;

  struct Flight {
    RequestRecord request;
    system::FileDescriptor socket;
    Time started;
    Time deadline;
    uint32_t generation = 0;
    uint16_t sequence = 0;
  };

  /// The echo requests of one family.
  struct Echo {
    std::optional<EchoSocket> socket;
    std::unordered_map<uint16_t, Slot> flights;
    uint16_t next_sequence = 0;
  };

  void Loop();
  [[nodiscard]] int MillisecondsToWait() const;
  void OnEvent(uint64_t tag, uint32_t events);
  /// Returns whether to go on.
  bool TakeOrders();
  [[nodiscard]] bool HasRoom() const { return deadlines_.size() < most_in_flight_; }
  void StartWaiting();
  void Start(const RequestRecord& request);
  void StartConnect(Slot slot);
  void StartEcho(Slot slot);
  Echo& EchoOf(sa_family_t family) { return echoes_[family == AF_INET6 ? 1 : 0]; }
  void ReadEchoes(Echo& echo);
  void CancelNow(uint32_t id);
  void Expire();
  void Finish(Slot slot, Stage stage, int error);
  void Add(uint32_t id, Stage stage, int error, uint32_t latency_us,
           system::FileDescriptor socket = {});
  void Deliver();

  const size_t most_in_flight_;
  const Notify notify_;
  system::FileDescriptor epoll_;
  system::FileDescriptor wake_;

  std::mutex mutex_;
  std::vector<RequestRecord> submitted_;
  std::vector<uint32_t> cancelled_;
  std::vector<Result> results_;
  bool notified_ = false;
  bool stopping_ = false;

  // From here on the thread's own.
  std::deque<RequestRecord> waiting_;
  std::vector<Flight> flights_;
  std::vector<Slot> free_;
  std::unordered_map<uint32_t, Slot> by_id_;
  std::set<std::pair<Time, Slot>> deadlines_;
  std::array<Echo, 2> echoes_;
  std::vector<Result> fresh_;
  Time now_;
  Time last_delivery_;

  std::thread thread_;
};

}  // namespace lvskit::probe
