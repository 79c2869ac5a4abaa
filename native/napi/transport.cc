#include "napi/transport.h"

#include <poll.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "napi/arguments.h"
#include "napi/descriptor.h"
#include "napi/promise_worker.h"
#include "napi/reactor.h"
#include "system/system_error.h"
#include "system/transport.h"

namespace lvskit::napi {

namespace {

using system::FileDescriptor;
using system::Poller;

constexpr uint32_t kMaxPort = 65535;
constexpr uint32_t kMaxTimeoutMs = 0x7fffffff;

uint32_t Bounded(Napi::Env env, const Napi::Value& value, const char* name, uint32_t most) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= most)) {
    throw Napi::TypeError::New(
        env, std::string(name) + " must be a number from 0 to " + std::to_string(most));
  }
  return static_cast<uint32_t>(number);
}

system::Endpoint ToEndpoint(Napi::Env env, const Napi::Value& address, const Napi::Value& port) {
  if (address.IsTypedArray()) {
    const auto array = address.As<Napi::TypedArray>();
    const size_t length = array.ByteLength();
    if (length == sizeof(in_addr) || length == sizeof(in6_addr)) {
      const auto* const data = static_cast<const std::byte*>(array.ArrayBuffer().Data());
      return {{data + array.ByteOffset(), length},
              static_cast<uint16_t>(Bounded(env, port, "port", kMaxPort))};
    }
  }
  throw Napi::TypeError::New(env, "address must be a Uint8Array of 4 or 16 bytes");
}

void ReadOptions(Napi::Env env, const Napi::Object& object, system::SocketOptions& options) {
  const Napi::Value mark = object.Get("mark");
  if (!mark.IsUndefined()) options.mark = Bounded(env, mark, "mark", UINT32_MAX);
  const Napi::Value device = object.Get("device");
  if (!device.IsUndefined()) options.device = device.ToString().Utf8Value();
  options.ipv6_only = object.Get("ipv6Only").ToBoolean();
  options.free_bind = object.Get("freeBind").ToBoolean();
}

Napi::Value ConvertDescriptor(Napi::Env env, FileDescriptor& socket) {
  return ToDescriptor(env, std::move(socket));
}

Napi::Value ListenTcp(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object object = ObjectArgument(info, 2, "options");
  system::ListenOptions options;
  ReadOptions(env, object, options);
  const Napi::Value backlog = object.Get("backlog");
  if (!backlog.IsUndefined()) {
    options.backlog = static_cast<int>(Bounded(env, backlog, "backlog", INT32_MAX));
  }
  return PromiseWorker<FileDescriptor>::Run(
      env,
      [local = ToEndpoint(env, info[0], info[1]), options, netns = NamespaceArgument(info, 3)] {
        return system::ListenTcp(local, options, netns);
      },
      ConvertDescriptor);
}

Napi::Value BindUdp(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  system::SocketOptions options;
  ReadOptions(env, ObjectArgument(info, 2, "options"), options);
  return PromiseWorker<FileDescriptor>::Run(
      env,
      [local = ToEndpoint(env, info[0], info[1]), options, netns = NamespaceArgument(info, 3)] {
        return system::BindUdp(local, options, netns);
      },
      ConvertDescriptor);
}

/// A connect from its start to its end. Everything but `socket` belongs to JavaScript's thread.
struct Attempt {
  FileDescriptor socket;
  Poller::Clock::time_point deadline;
  std::optional<uint64_t> watch;
  bool cancelled = false;
};

int OutcomeOf(Poller::Wake wake, const Attempt& attempt) {
  switch (wake) {
    case Poller::Wake::kReady:
      return system::FinishConnect(attempt.socket);
    case Poller::Wake::kDeadline:
      return ETIMEDOUT;
    case Poller::Wake::kCancelled:
      break;
  }
  return ECANCELED;
}

Napi::Value AwaitConnection(Napi::Env env, const std::shared_ptr<Attempt>& attempt) {
  Reactor& reactor = Reactor::Of(env);
  const auto deferred = Napi::Promise::Deferred::New(env);
  auto settle = [&reactor, attempt, deferred](Poller::Wake wake) {
    const int error = OutcomeOf(wake, *attempt);
    reactor.Post([&reactor, attempt, deferred, error](Napi::Env current) {
      attempt->watch.reset();
      reactor.Release(attempt);
      if (error == 0) {
        deferred.Resolve(ToDescriptor(current, std::move(attempt->socket)));
        return;
      }
      attempt->socket.Close();
      const auto failure = std::make_exception_ptr(system::SystemError(error, "connect"));
      deferred.Reject(ToJavaScript(current, failure).Value());
    });
    return false;
  };
  attempt->watch =
      reactor.poller().Watch(attempt->socket.get(), POLLOUT, attempt->deadline, settle);
  reactor.Hold(attempt);
  return deferred.Promise();
}

Napi::Value ConnectTcp(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object object = ObjectArgument(info, 2, "options");
  system::ConnectOptions options;
  ReadOptions(env, object, options);
  const Napi::Value source = object.Get("sourceAddress");
  if (!source.IsUndefined()) {
    options.source.emplace(ToEndpoint(env, source, object.Get("sourcePort")));
  }
  const auto attempt = std::make_shared<Attempt>();
  attempt->deadline =
      Poller::Clock::now() +
      std::chrono::milliseconds(Bounded(env, object.Get("timeoutMs"), "timeoutMs", kMaxTimeoutMs));

  // Entering a namespace takes a thread, which is waited for on the pool; the connection itself is
  // waited for by the reactor, since many that time out together would keep the pool from all else.
  const Napi::Promise promise = PromiseWorker<system::Connecting>::Run(
      env,
      [remote = ToEndpoint(env, info[0], info[1]), options, netns = NamespaceArgument(info, 3)] {
        return system::BeginConnect(remote, options, netns);
      },
      [attempt](Napi::Env current, system::Connecting& begun) -> Napi::Value {
        if (attempt->cancelled) throw system::SystemError(ECANCELED, "connect");
        if (begun.connected) return ToDescriptor(current, std::move(begun.socket));
        attempt->socket = std::move(begun.socket);
        return AwaitConnection(current, attempt);
      });

  Napi::Object result = Napi::Object::New(env);
  result.Set("socket", promise);
  result.Set("cancel", Napi::Function::New(
                           env,
                           [attempt](const Napi::CallbackInfo& call) {
                             attempt->cancelled = true;
                             if (attempt->watch) {
                               Reactor::Of(call.Env()).poller().Cancel(*attempt->watch);
                             }
                           },
                           "cancel"));
  return result;
}

}  // namespace

void InitTransport(Napi::Env env, Napi::Object exports) {
  exports.Set("listenTcp", Napi::Function::New<ListenTcp>(env, "listenTcp"));
  exports.Set("bindUdp", Napi::Function::New<BindUdp>(env, "bindUdp"));
  exports.Set("connectTcp", Napi::Function::New<ConnectTcp>(env, "connectTcp"));
}

}  // namespace lvskit::napi
