#include "napi/route_socket.h"

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "napi/arguments.h"
#include "napi/promise_worker.h"
#include "napi/shape.h"
#include "route/address.h"
#include "route/fou_port.h"
#include "route/link.h"
#include "route/neighbour.h"
#include "route/route.h"
#include "route/rule.h"

namespace lvskit::napi {

namespace {

using Tables = std::tuple<route::Link, route::Address, route::Route, route::Neighbour, route::Rule,
                          route::FouPort>;

constexpr napi_type_tag kTypeTag{0x6c76736b69742e72, 0x6f757465736f636b};

/// Calls `work` with an entry of the table that the first argument names, read from `index`.
template <typename Work>
Napi::Value WithEntry(const Napi::CallbackInfo& info, size_t index, const Work& work) {
  const std::string name = StringArgument(info, 0, "table");
  Napi::Value result;
  const auto attempt = [&](auto entry) {
    using Entry = decltype(entry);
    if (name != route::Shape<Entry>::kName) return false;
    FromJs(ObjectArgument(info, index, "entry"), "entry", entry);
    result = work(std::move(entry));
    return true;
  };
  const bool known =
      std::apply([&](auto... entries) { return (attempt(std::move(entries)) || ...); }, Tables());
  if (!known) throw Napi::TypeError::New(info.Env(), "unknown table " + name);
  return result;
}

route::Verb VerbArgument(const Napi::CallbackInfo& info, size_t index) {
  const std::string name = StringArgument(info, index, "verb");
  if (name == "add") return route::Verb::kAdd;
  if (name == "replace") return route::Verb::kReplace;
  if (name == "modify") return route::Verb::kModify;
  if (name == "remove") return route::Verb::kRemove;
  throw Napi::TypeError::New(info.Env(), "unknown verb " + name);
}

}  // namespace

Napi::Function RouteSocket::Define(Napi::Env env) {
  return DefineClass(
      env, "RouteSocket",
      {InstanceMethod<&RouteSocket::Open>("open"), InstanceMethod<&RouteSocket::Change>("change"),
       InstanceMethod<&RouteSocket::Get>("get"), InstanceMethod<&RouteSocket::List>("list"),
       InstanceMethod<&RouteSocket::Close>("close")});
}

RouteSocket::RouteSocket(const Napi::CallbackInfo& info)
    : ObjectWrap(info), slot_(std::make_shared<Slot>()) {
  info.This().As<Napi::Object>().TypeTag(&kTypeTag);
}

std::shared_ptr<RouteSocket::Shared> RouteSocket::Argument(const Napi::CallbackInfo& info,
                                                           size_t index) {
  const Napi::Object object = ObjectArgument(info, index, "socket");
  if (!object.CheckTypeTag(&kTypeTag)) {
    throw Napi::TypeError::New(info.Env(), "socket must be a RouteSocket");
  }
  return Unwrap(object)->Opened(info.Env());
}

std::shared_ptr<RouteSocket::Shared> RouteSocket::Opened(Napi::Env env) const {
  if (!slot_->shared) throw Napi::Error::New(env, "the socket is not open");
  return slot_->shared;
}

Napi::Value RouteSocket::Open(const Napi::CallbackInfo& info) {
  auto network_namespace = NamespaceArgument(info, 0);
  return PromiseWorker<std::shared_ptr<Shared>>::Run(
      info.Env(),
      [network_namespace = std::move(network_namespace)] {
        return std::make_shared<Shared>(network_namespace);
      },
      [slot = slot_](Napi::Env env, std::shared_ptr<Shared>& shared) {
        if (!slot->closed) slot->shared = shared;
        return env.Undefined();
      });
}

Napi::Value RouteSocket::Change(const Napi::CallbackInfo& info) {
  const auto shared = Opened(info.Env());
  const route::Verb verb = VerbArgument(info, 1);
  return WithEntry(info, 2, [&](auto entry) -> Napi::Value {
    return RunAsync(info.Env(), [shared, verb, entry = std::move(entry)] {
      const std::lock_guard guard(shared->mutex);
      shared->client.Change(verb, entry);
    });
  });
}

Napi::Value RouteSocket::Get(const Napi::CallbackInfo& info) {
  const auto shared = Opened(info.Env());
  return WithEntry(info, 1, [&](auto question) -> Napi::Value {
    using Entry = decltype(question);
    if constexpr (route::RouteMessage<Entry>) {
      return PromiseWorker<std::optional<Entry>>::Run(
          info.Env(),
          [shared, question = std::move(question)] {
            const std::lock_guard guard(shared->mutex);
            return shared->client.Get(question);
          },
          [](Napi::Env env, std::optional<Entry>& answer) { return ToJs(env, answer); });
    }
    throw Napi::TypeError::New(info.Env(), "this table answers no questions");
  });
}

Napi::Value RouteSocket::List(const Napi::CallbackInfo& info) {
  const auto shared = Opened(info.Env());
  return WithEntry(info, 1, [&](auto filter) -> Napi::Value {
    using Entry = decltype(filter);
    return PromiseWorker<std::vector<Entry>>::Run(
        info.Env(),
        [shared, filter = std::move(filter)] {
          const std::lock_guard guard(shared->mutex);
          return shared->client.List(filter);
        },
        [](Napi::Env env, std::vector<Entry>& entries) { return ToJs(env, entries); });
  });
}

/// The sockets themselves go when the last call in flight is done.
Napi::Value RouteSocket::Close(const Napi::CallbackInfo& info) {
  slot_->closed = true;
  slot_->shared.reset();
  return info.Env().Undefined();
}

}  // namespace lvskit::napi
