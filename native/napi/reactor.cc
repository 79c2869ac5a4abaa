#include "napi/reactor.h"

#include <memory>
#include <utility>

#include "napi/environment.h"

namespace lvskit::napi {

Reactor& Reactor::Of(Napi::Env env) {
  auto& reactor = Environment::Of(env).reactor;
  if (!reactor) reactor = std::make_unique<Reactor>(env);
  return *reactor;
}

Reactor::Reactor(Napi::Env env)
    : env_(env), function_(Function::New(env, "lvskit:reactor", 0, 1, this)) {
  function_.Unref(env);
  // Hooks run in the reverse order of their making: added after the function's own, this one ends
  // the thread while the function can still be called.
  env.AddCleanupHook([](Reactor* self) { self->poller_->Stop(); }, this);
}

void Reactor::Hold(std::shared_ptr<void> waiter) {
  if (waiters_.empty()) function_.Ref(env_);
  waiters_.insert(std::move(waiter));
}

void Reactor::Release(const std::shared_ptr<void>& waiter) {
  const auto found = waiters_.find(waiter);
  if (found == waiters_.end()) return;
  waiters_.erase(found);
  if (waiters_.empty()) function_.Unref(env_);
}

void Reactor::Post(Job job) {
  auto owned = std::make_unique<Job>(std::move(job));
  if (function_.NonBlockingCall(owned.get()) == napi_ok) static_cast<void>(owned.release());
}

void Reactor::CallJs(Napi::Env env, Napi::Function /*callback*/, Reactor* /*self*/, Job* job) {
  const std::unique_ptr<Job> owned(job);
  if (env == nullptr) return;
  (*owned)(env);
}

}  // namespace lvskit::napi
