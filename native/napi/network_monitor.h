#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "route/monitor.h"

namespace lvskit::napi {

class Reactor;

/// The JavaScript class over route::Monitor. `next()` keeps the event loop and the object alive
/// while it waits; a monitor that nobody waits for may be collected, which closes it.
class NetworkMonitor final : public Napi::ObjectWrap<NetworkMonitor> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit NetworkMonitor(const Napi::CallbackInfo& info);

 private:
  /// Belongs to JavaScript's thread. The poller's holds the monitor alone.
  struct State {
    std::shared_ptr<route::Monitor> monitor;
    std::optional<uint64_t> watch;
    std::optional<Napi::Promise::Deferred> waiting;
    Reactor* reactor = nullptr;
    NetworkMonitor* owner = nullptr;
    bool closed = false;
  };

  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Next(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override;

  static void Start(Napi::Env env, const std::shared_ptr<State>& state,
                    std::shared_ptr<route::Monitor> monitor);
  static void Wake(Napi::Env env, State& state);
  static void Stop(Napi::Env env, State& state);
  static void ForgetReactor(void* state);
  static Napi::Promise::Deferred StopWaiting(State& state);

  std::shared_ptr<State> state_;
};

}  // namespace lvskit::napi
