#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "napi/errors.h"

namespace lvskit::napi {

/// Runs `work` on the libuv pool and settles a promise with what `convert` makes of its result.
///
/// `work` must not touch Napi. It captures what it needs by shared_ptr, so that an object closed or
/// collected while its call is in flight lives until the call is done.
template <typename Result>
class PromiseWorker final : public Napi::AsyncWorker {
 public:
  using Work = std::function<Result()>;
  using Convert = std::function<Napi::Value(Napi::Env, Result&)>;

  static Napi::Promise Run(Napi::Env env, Work work, Convert convert) {
    // AsyncWorker deletes itself when it has completed.
    auto* const worker = new PromiseWorker(env, std::move(work), std::move(convert));
    const Napi::Promise promise = worker->deferred_.Promise();
    worker->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      result_.emplace(work_());
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  void OnOK() override {
    const Napi::HandleScope scope(Env());
    if (failure_) {
      deferred_.Reject(ToJavaScript(Env(), failure_).Value());
      return;
    }
    try {
      deferred_.Resolve(convert_(Env(), *result_));
    } catch (...) {
      deferred_.Reject(ToJavaScript(Env(), std::current_exception()).Value());
    }
  }

 private:
  PromiseWorker(Napi::Env env, Work work, Convert convert)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        work_(std::move(work)),
        convert_(std::move(convert)) {}

  Napi::Promise::Deferred deferred_;
  Work work_;
  Convert convert_;
  std::optional<Result> result_;
  std::exception_ptr failure_;
};

/// For work without a result: `Work` returns Nothing{} and the promise resolves to undefined.
struct Nothing {};

inline Napi::Promise RunAsync(Napi::Env env, std::function<void()> work) {
  return PromiseWorker<Nothing>::Run(
      env,
      [work = std::move(work)] {
        work();
        return Nothing{};
      },
      [](Napi::Env inner, Nothing&) { return inner.Undefined(); });
}

}  // namespace lvskit::napi
