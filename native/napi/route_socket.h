#pragma once

#include <napi.h>

#include <memory>
#include <mutex>

#include "route/client.h"
#include "system/namespace.h"

namespace lvskit::napi {

/// The JavaScript class over route::Client. Its calls run on the libuv pool; what they hold on to
/// outlives the object, so closing and collecting need not wait for them.
class RouteSocket final : public Napi::ObjectWrap<RouteSocket> {
 public:
  /// A client and the lock that makes it one thread's at a time. TypeScript queues its calls, so
  /// the lock is never waited for there; it is for whoever calls the addon directly.
  struct Shared {
    explicit Shared(const system::NetworkNamespace& network_namespace)
        : client(network_namespace) {}

    std::mutex mutex;
    route::Client client;
  };

  static Napi::Function Define(Napi::Env env);

  explicit RouteSocket(const Napi::CallbackInfo& info);

  /// The client of the RouteSocket that is argument `index`. Throws Napi::TypeError for anything
  /// else and Napi::Error when it is not open.
  [[nodiscard]] static std::shared_ptr<Shared> Argument(const Napi::CallbackInfo& info,
                                                        size_t index);

 private:
  struct Slot {
    std::shared_ptr<Shared> shared;
    bool closed = false;
  };

  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Change(const Napi::CallbackInfo& info);
  Napi::Value Get(const Napi::CallbackInfo& info);
  Napi::Value List(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  [[nodiscard]] std::shared_ptr<Shared> Opened(Napi::Env env) const;

  std::shared_ptr<Slot> slot_;
};

}  // namespace lvskit::napi
