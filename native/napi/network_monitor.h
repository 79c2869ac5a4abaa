#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "route/monitor.h"
#include "system/poller.h"

namespace lvskit::napi {

/// The JavaScript class over route::Monitor. `next()` keeps the event loop and the object alive
/// while it waits; a monitor that nobody waits for may be collected, which closes it.
class NetworkMonitor final : public Napi::ObjectWrap<NetworkMonitor> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit NetworkMonitor(const Napi::CallbackInfo& info);
  NetworkMonitor(const NetworkMonitor&) = delete;
  NetworkMonitor& operator=(const NetworkMonitor&) = delete;
  ~NetworkMonitor() override;

 private:
  /// Belongs to JavaScript's thread. The poller's holds the monitor alone.
  struct State {
    std::shared_ptr<route::Monitor> monitor;
    std::shared_ptr<system::Poller> poller;
    uint64_t watch = 0;
    std::optional<Napi::Promise::Deferred> waiting;
    NetworkMonitor* owner = nullptr;
    bool closed = false;
  };

  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Next(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  static void Start(Napi::Env env, const std::shared_ptr<State>& state,
                    std::shared_ptr<route::Monitor> monitor);
  static void Wake(Napi::Env env, const std::shared_ptr<State>& state);
  static Napi::Promise::Deferred StopWaiting(Napi::Env env, const std::shared_ptr<State>& state);
  void Stop();

  std::shared_ptr<State> state_;
};

}  // namespace lvskit::napi
