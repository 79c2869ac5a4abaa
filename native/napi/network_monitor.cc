#include "napi/network_monitor.h"

#include <poll.h>

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "napi/errors.h"
#include "napi/promise_worker.h"
#include "napi/reactor.h"
#include "napi/route_socket.h"
#include "napi/shape.h"

namespace lvskit::napi {

namespace {

using route::Event;
using route::Monitor;
using system::Poller;

Napi::Value ToEvents(Napi::Env env, const std::vector<Event>& events) {
  const auto array = Napi::Array::New(env, events.size());
  for (uint32_t index = 0; index < events.size(); ++index) {
    const Napi::HandleScope scope(env);
    Napi::Object object = Napi::Object::New(env);
    std::visit(
        [&](const auto& entry) {
          using Entry = std::remove_cvref_t<decltype(entry)>;
          if constexpr (std::is_same_v<Entry, route::Overflow>) {
            object.Set("table", "overflow");
          } else {
            object.Set("table", route::Shape<Entry>::kName);
            object.Set("removed", events[index].removed);
            object.Set("entry", ToJs(env, entry));
          }
        },
        events[index].entry);
    array.Set(index, object);
  }
  return array;
}

}  // namespace

Napi::Function NetworkMonitor::Define(Napi::Env env) {
  return DefineClass(
      env, "NetworkMonitor",
      {InstanceMethod<&NetworkMonitor::Open>("open"), InstanceMethod<&NetworkMonitor::Next>("next"),
       InstanceMethod<&NetworkMonitor::Close>("close")});
}

NetworkMonitor::NetworkMonitor(const Napi::CallbackInfo& info)
    : ObjectWrap(info), state_(std::make_shared<State>()) {
  state_->owner = this;
}

Napi::Value NetworkMonitor::Open(const Napi::CallbackInfo& info) {
  const auto socket = RouteSocket::Argument(info, 0);
  std::vector<uint32_t> groups;
  FromJs(info[1], "groups", groups);
  return PromiseWorker<std::shared_ptr<Monitor>>::Run(
      info.Env(),
      [socket, groups = std::move(groups)] {
        return std::make_shared<Monitor>(socket->client.Namespace(), groups);
      },
      [state = state_](Napi::Env env, std::shared_ptr<Monitor>& monitor) {
        if (!state->closed && !state->monitor) Start(env, state, std::move(monitor));
        return env.Undefined();
      });
}

void NetworkMonitor::Start(Napi::Env env, const std::shared_ptr<State>& state,
                           std::shared_ptr<Monitor> monitor) {
  Reactor& reactor = Reactor::Of(env);
  auto collect = [&reactor, monitor, weak = std::weak_ptr(state)](Poller::Wake wake) {
    if (wake != Poller::Wake::kReady) return false;
    const bool more = monitor->Collect();
    if (monitor->Announce()) {
      reactor.Post([weak](Napi::Env current) {
        if (const auto locked = weak.lock()) Wake(current, locked);
      });
    }
    return more;
  };
  state->poller = reactor.shared_poller();
  state->watch = state->poller->Watch(monitor->fd(), POLLIN, std::nullopt, std::move(collect));
  state->monitor = std::move(monitor);
}

Napi::Value NetworkMonitor::Next(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (state_->waiting) throw Napi::Error::New(env, "an earlier next() is still waiting");
  const auto deferred = Napi::Promise::Deferred::New(env);
  if (!state_->monitor) {
    deferred.Resolve(env.Undefined());
    return deferred.Promise();
  }
  state_->waiting = deferred;
  Reactor::Of(env).Hold(state_);
  Ref();
  Wake(env, state_);
  return deferred.Promise();
}

void NetworkMonitor::Wake(Napi::Env env, const std::shared_ptr<State>& state) {
  if (!state->waiting) return;
  try {
    const std::vector<Event> events = state->monitor->Take();
    if (!events.empty()) StopWaiting(env, state).Resolve(ToEvents(env, events));
  } catch (...) {
    StopWaiting(env, state).Reject(ToJavaScript(env, std::current_exception()).Value());
  }
}

Napi::Promise::Deferred NetworkMonitor::StopWaiting(Napi::Env env,
                                                    const std::shared_ptr<State>& state) {
  const Napi::Promise::Deferred deferred = *state->waiting;
  state->waiting.reset();
  Reactor::Of(env).Release(state);
  state->owner->Unref();
  return deferred;
}

Napi::Value NetworkMonitor::Close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (state_->waiting) StopWaiting(env, state_).Resolve(env.Undefined());
  Stop();
  return env.Undefined();
}

/// One that waits is collected with its environment alone, when nobody waits any more.
NetworkMonitor::~NetworkMonitor() { Stop(); }

void NetworkMonitor::Stop() {
  state_->closed = true;
  state_->monitor.reset();
  // The poller drops its share of the monitor, and with it the socket, on its own thread.
  if (state_->poller) state_->poller->Cancel(state_->watch);
  state_->poller.reset();
}

}  // namespace lvskit::napi
