// Against listeners of this process on 127.0.0.1: nothing leaves the machine.
#include "probe/prober.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>

#include "support.h"
#include "system/system_error.h"

namespace lvskit {
namespace {

using probe::Kind;
using probe::Prober;
using probe::RequestRecord;
using probe::Result;
using probe::Stage;
using system::FileDescriptor;
using system::NetworkNamespace;

constexpr uint32_t kLongMs = 30'000;

/// A prober whose results can be waited for.
class Probing {
 public:
  explicit Probing(size_t most_in_flight = 1000, const NetworkNamespace& where = NetworkNamespace())
      : prober_(where, most_in_flight, [this] {
          const std::lock_guard lock(mutex_);
          ready_ = true;
          condition_.notify_one();
        }) {}
  ~Probing() { prober_.Stop(); }

  Prober& prober() { return prober_; }

  /// Waits until `count` results are there, by the ids of their requests.
  std::map<uint32_t, Result> Await(size_t count) {
    std::map<uint32_t, Result> results;
    while (results.size() < count) {
      {
        std::unique_lock lock(mutex_);
        REQUIRE(condition_.wait_for(lock, std::chrono::milliseconds(kLongMs),
                                    [this] { return ready_; }));
        ready_ = false;
      }
      for (Result& result : prober_.Take()) {
        const uint32_t id = result.record.id;
        CHECK(results.try_emplace(id, std::move(result)).second);
      }
    }
    return results;
  }

  Result Run(const RequestRecord& request) {
    prober_.Submit({&request, 1});
    auto results = Await(1);
    return std::move(results.at(request.id));
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool ready_ = false;
  Prober prober_;
};

struct Listener {
  FileDescriptor socket;
  uint16_t port;
};

Listener Listen(int backlog = 128) {
  Listener listener{
      .socket = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      .port = 0};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener.socket.get(), any, size) == 0);
  REQUIRE(::listen(listener.socket.get(), backlog) == 0);
  REQUIRE(::getsockname(listener.socket.get(), any, &size) == 0);
  listener.port = ntohs(address.sin_port);
  return listener;
}

RequestRecord Connect(uint32_t id, uint16_t port, uint32_t timeout_ms = kLongMs) {
  RequestRecord request{};
  request.id = id;
  request.family = AF_INET;
  request.port = port;
  request.timeout_ms = timeout_ms;
  const in_addr loopback{.s_addr = htonl(INADDR_LOOPBACK)};
  std::memcpy(request.address.data(), &loopback, sizeof loopback);
  return request;
}

/// A listener whose queue is full: it answers no more.
struct SilentListener {
  Listener listener = Listen(0);
  std::vector<FileDescriptor> fillers;

  SilentListener() {
    for (int count = 0; count < 4; ++count) {
      FileDescriptor filler(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(listener.port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      static_cast<void>(
          ::connect(filler.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
      fillers.push_back(std::move(filler));
    }
  }
};

TEST_CASE("a probe finds who listens without waking him, and who does not") {
  Probing probing;
  const Listener listener = Listen();
  const Result found = probing.Run(Connect(7, listener.port));
  CHECK(found.record.error == 0);
  CHECK_FALSE(found.socket.valid());
  CHECK(::accept(listener.socket.get(), nullptr, nullptr) == -1);
  CHECK(errno == EAGAIN);
  const uint16_t free_port = Listen().port;
  const Result refused = probing.Run(Connect(8, free_port));
  CHECK(refused.record.error == ECONNREFUSED);
  CHECK(refused.record.id == 8);
}

TEST_CASE("a connection that is to be closed in order is accepted, and ends with its end") {
  Probing probing;
  const Listener listener = Listen();
  RequestRecord request = Connect(1, listener.port);
  request.flags = probe::kCloseOrderly;
  CHECK(probing.Run(request).record.error == 0);
  const FileDescriptor accepted(::accept(listener.socket.get(), nullptr, nullptr));
  REQUIRE(accepted.valid());
  char byte = 0;
  CHECK(::read(accepted.get(), &byte, 1) == 0);
}

TEST_CASE("a socket that is to be kept is handed over, connected and non-blocking") {
  Probing probing;
  const Listener listener = Listen();
  RequestRecord request = Connect(1, listener.port);
  request.flags = probe::kKeepSocket;
  const Result kept = probing.Run(request);
  REQUIRE(kept.socket.valid());
  CHECK((::fcntl(kept.socket.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(kept.socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
  const FileDescriptor accepted(::accept(listener.socket.get(), nullptr, nullptr));
  REQUIRE(accepted.valid());
  probing.prober().Stop();
  CHECK(::write(kept.socket.get(), "x", 1) == 1);
  char byte = 0;
  CHECK(::read(accepted.get(), &byte, 1) == 1);
}

TEST_CASE("what does not answer ends at its deadline and not before") {
  Probing probing;
  const SilentListener silent;
  const Result result = probing.Run(Connect(1, silent.listener.port, 50));
  CHECK(result.record.error == ETIMEDOUT);
  CHECK(result.record.latency_us >= 50'000);
}

TEST_CASE("a probe ends when it is cancelled, under way or waiting; an ended one is left alone") {
  Probing probing(1);
  const SilentListener silent;
  const std::array requests = {Connect(1, silent.listener.port), Connect(2, silent.listener.port)};
  probing.prober().Submit(requests);
  probing.prober().Cancel(2);
  probing.prober().Cancel(1);
  probing.prober().Cancel(1);
  probing.prober().Cancel(99);
  const auto results = probing.Await(2);
  CHECK(results.at(1).record.error == ECANCELED);
  CHECK(results.at(2).record.error == ECANCELED);
}

TEST_CASE("more than may be under way wait their turn, and their time begins with it") {
  Probing probing(2);
  const SilentListener silent;
  std::vector<RequestRecord> requests;
  for (uint32_t id = 0; id < 6; ++id) requests.push_back(Connect(id, silent.listener.port, 40));
  probing.prober().Submit(requests);
  for (const auto& one : probing.Await(6)) {
    CAPTURE(one.first);
    CHECK(one.second.record.error == ETIMEDOUT);
    CHECK(one.second.record.latency_us >= 40'000);
  }
}

TEST_CASE("each of thousands has one result") {
  Probing probing(500);
  const Listener listener = Listen(4096);
  std::vector<RequestRecord> requests;
  for (uint32_t id = 0; id < 5000; ++id) requests.push_back(Connect(id, listener.port));
  probing.prober().Submit(requests);
  for (const auto& one : probing.Await(5000)) {
    CAPTURE(one.first);
    CHECK(one.second.record.error == 0);
  }
}

TEST_CASE("what this machine cannot do is told with the call that failed") {
  Probing probing;
  const Listener listener = Listen();
  RequestRecord request = Connect(1, listener.port);
  std::memcpy(request.device.data(), "no-such-link", sizeof "no-such-link");
  Result result = probing.Run(request);
  CHECK(result.record.stage == static_cast<uint16_t>(Stage::kDevice));
  CHECK((result.record.error == ENODEV || result.record.error == EPERM));

  request = Connect(2, listener.port);
  request.flags = probe::kFromSource;
  request.source = {std::byte{192}, std::byte{0}, std::byte{2}, std::byte{1}};
  result = probing.Run(request);
  CHECK(result.record.stage == static_cast<uint16_t>(Stage::kBind));
  CHECK(result.record.error == EADDRNOTAVAIL);

  request = Connect(3, listener.port);
  request.family = AF_UNIX;
  request.kind = static_cast<uint8_t>(Kind::kEcho);
  CHECK(probing.Run(request).record.error == EAFNOSUPPORT);

  // Not a name that ends.
  request = Connect(4, listener.port);
  request.device.fill('x');
  CHECK(probing.Run(request).record.stage == static_cast<uint16_t>(Stage::kDevice));
}

TEST_CASE("without a descriptor left a probe says so, and later ones go on") {
  const Listener listener = Listen();
  Probing probing;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const FileDescriptor next(::dup(listener.socket.get()));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next.get());
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const Result result = probing.Run(Connect(1, listener.port));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(result.record.error == EMFILE);
  CHECK(result.record.stage == static_cast<uint16_t>(Stage::kSocket));
  CHECK(probing.Run(Connect(2, listener.port)).record.error == 0);
}

TEST_CASE("a host answers echo requests, to many at once, each its own") {
  Probing probing;
  std::vector<RequestRecord> requests;
  for (uint32_t id = 0; id < 200; ++id) {
    RequestRecord request = Connect(id, 0);
    request.kind = static_cast<uint8_t>(Kind::kEcho);
    request.address[3] = static_cast<std::byte>(1 + id % 100);
    requests.push_back(request);
  }
  probing.prober().Submit(requests);
  const auto results = probing.Await(200);
  const int expected = ::geteuid() == 0 ? 0 : EPERM;
  for (const auto& one : results) {
    CAPTURE(one.first);
    CHECK(one.second.record.error == expected);
  }
}

TEST_CASE("stopping closes everything, with probes under way, and twice is fine") {
  const SilentListener silent;
  const FileDescriptor before(::dup(silent.listener.socket.get()));
  const int lowest_free = before.get() + 1;
  {
    Probing probing;
    std::vector<RequestRecord> requests;
    for (uint32_t id = 0; id < 50; ++id) requests.push_back(Connect(id, silent.listener.port));
    probing.prober().Submit(requests);
    probing.prober().Stop();
    probing.prober().Stop();
    probing.prober().Submit(requests);
    CHECK(probing.prober().Take().empty());
  }
  const FileDescriptor after(::dup(silent.listener.socket.get()));
  CHECK(after.get() == lowest_free);
}

TEST_CASE("a namespace that cannot be entered is refused, and leaves no thread") {
  try {
    const Probing probing(1, NetworkNamespace("/run/netns/no-such-namespace"));
    FAIL("the namespace was entered");
  } catch (const system::SystemError& error) {
    CHECK(error.syscall() == "open");
    CHECK(error.error_number() == ENOENT);
  }
}

}  // namespace
}  // namespace lvskit
