#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <set>

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

  [[nodiscard]] system::Poller& poller() { return *poller_; }

  /// For what JavaScript may collect last, after the reactor, with a watch to cancel.
  [[nodiscard]] const std::shared_ptr<system::Poller>& shared_poller() const { return poller_; }

  /// From Hold() to Release() the event loop is kept from ending, and `waiter`, if there is one,
  /// alive, but not beyond the environment. JavaScript's thread only.
  void Hold(std::shared_ptr<void> waiter = {});
  void Release(const std::shared_ptr<void>& waiter = {});

  /// Runs `job` on JavaScript's thread, from the poller's. A job that comes too late, with the
  /// environment ending, is destroyed without having run.
  void Post(Job job);

 private:
  static void CallJs(Napi::Env env, Napi::Function callback, Reactor* self, Job* job);
  using Function = Napi::TypedThreadSafeFunction<Reactor, Job, CallJs>;

  Napi::Env env_;
  Function function_;
  std::multiset<std::shared_ptr<void>> waiters_;
  std::shared_ptr<system::Poller> poller_ = std::make_shared<system::Poller>();
};

}  // namespace lvskit::napi
