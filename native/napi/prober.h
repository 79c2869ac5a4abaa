#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "probe/prober.h"

namespace lvskit::napi {

/// The JavaScript class over probe::Prober. `next()` keeps the event loop and the object alive
/// while it waits; a prober that nobody waits for may be collected, which closes it.
class ProberObject final : public Napi::ObjectWrap<ProberObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit ProberObject(const Napi::CallbackInfo& info);
  ProberObject(const ProberObject&) = delete;
  ProberObject& operator=(const ProberObject&) = delete;
  ~ProberObject() override;

 private:
  /// Belongs to JavaScript's thread, as all of this class does.
  struct State {
    std::shared_ptr<probe::Prober> prober;
    /// The prober's thread has to end while it can still post to the reactor.
    std::optional<Napi::Env::CleanupHook<void (*)(State*), State>> at_end;
    std::optional<Napi::Promise::Deferred> waiting;
    ProberObject* owner = nullptr;
    bool closed = false;
  };

  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Submit(const Napi::CallbackInfo& info);
  Napi::Value Cancel(const Napi::CallbackInfo& info);
  Napi::Value Next(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  static void AtEnd(State* state);
  static void Wake(Napi::Env env, const std::shared_ptr<State>& state);
  static Napi::Promise::Deferred StopWaiting(Napi::Env env, const std::shared_ptr<State>& state);
  [[nodiscard]] probe::Prober& Running(Napi::Env env) const;
  void Stop(Napi::Env env);

  std::shared_ptr<State> state_;
};

/// Adds `Prober` and `probeLayout` to the addon's exports.
void InitProber(Napi::Env env, Napi::Object exports);

}  // namespace lvskit::napi
