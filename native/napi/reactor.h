#pragma once

#include <napi.h>

#include <functional>

#include "system/poller.h"

namespace lvskit::napi {

/// One environment's waiting: a poller, and the way from its thread back to JavaScript's.
/// Made on first use; ends with the environment, also when a worker is terminated.
class Reactor {
 public:
  using Job = std::function<void(Napi::Env)>;

  /// JavaScript's thread only. Throws Napi::Error.
  static Reactor& Of(Napi::Env env);

  explicit Reactor(Napi::Env env);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  [[nodiscard]] system::Poller& poller() { return poller_; }

  /// Between Hold() and Release() the event loop is kept from ending. JavaScript's thread only.
  void Hold();
  void Release();

  /// Runs `job` on JavaScript's thread, from the poller's. A job that comes too late, with the
  /// environment ending, is destroyed without having run.
  void Post(Job job);

 private:
  static void CallJs(Napi::Env env, Napi::Function callback, Reactor* self, Job* job);
  using Function = Napi::TypedThreadSafeFunction<Reactor, Job, CallJs>;

  Napi::Env env_;
  Function function_;
  size_t holders_ = 0;
  system::Poller poller_;
};

}  // namespace lvskit::napi
