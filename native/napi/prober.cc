#include "napi/prober.h"

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "napi/arguments.h"
#include "napi/descriptor.h"
#include "napi/promise_worker.h"
#include "napi/reactor.h"

namespace lvskit::napi {

namespace {

using probe::Prober;
using probe::RequestRecord;
using probe::Result;
using probe::ResultRecord;

Napi::Object ToBatch(Napi::Env env, std::vector<Result>& results) {
  auto records = Napi::ArrayBuffer::New(env, results.size() * sizeof(ResultRecord));
  auto* const data = static_cast<std::byte*>(records.Data());
  const Napi::Array sockets = Napi::Array::New(env);
  for (size_t index = 0; index < results.size(); ++index) {
    Result& result = results[index];
    if (result.socket.valid()) {
      const Napi::HandleScope scope(env);
      const uint32_t place = sockets.Length();
      sockets.Set(place, ToDescriptor(env, std::move(result.socket)));
      result.record.socket = place + 1;
    }
    std::memcpy(data + index * sizeof(ResultRecord), &result.record, sizeof(ResultRecord));
  }
  Napi::Object batch = Napi::Object::New(env);
  batch.Set("results", records);
  batch.Set("sockets", sockets);
  return batch;
}

}  // namespace

Napi::Function ProberObject::Define(Napi::Env env) {
  return DefineClass(
      env, "Prober",
      {InstanceMethod<&ProberObject::Open>("open"), InstanceMethod<&ProberObject::Submit>("submit"),
       InstanceMethod<&ProberObject::Cancel>("cancel"), InstanceMethod<&ProberObject::Next>("next"),
       InstanceMethod<&ProberObject::Close>("close")});
}

ProberObject::ProberObject(const Napi::CallbackInfo& info)
    : ObjectWrap(info), state_(std::make_shared<State>()) {
  state_->owner = this;
}

Napi::Value ProberObject::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Reactor& reactor = Reactor::Of(env);
  auto notify = [&reactor, weak = std::weak_ptr(state_)] {
    reactor.Post([weak](Napi::Env current) {
      if (const auto locked = weak.lock()) Wake(current, locked);
    });
  };
  auto work = [netns = NamespaceArgument(info, 0), most = Uint32Argument(info, 1, "maxInFlight"),
               notify = std::move(notify)] {
    return std::make_shared<Prober>(netns, most, notify);
  };
  return PromiseWorker<std::shared_ptr<Prober>>::Run(
      env, std::move(work), [state = state_](Napi::Env current, std::shared_ptr<Prober>& prober) {
        if (!state->closed && !state->prober) {
          state->prober = std::move(prober);
          state->at_end.emplace(current.AddCleanupHook(&AtEnd, state.get()));
        }
        return current.Undefined();
      });
}

void ProberObject::AtEnd(State* state) {
  state->at_end.reset();
  state->prober->Stop();
}

Prober& ProberObject::Running(Napi::Env env) const {
  if (!state_->prober) throw Napi::Error::New(env, "the prober is not open");
  return *state_->prober;
}

Napi::Value ProberObject::Submit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Prober& prober = Running(env);
  const auto bytes = BytesArgument(info, 0, "requests");
  if (bytes.size() % sizeof(RequestRecord) != 0) {
    throw Napi::TypeError::New(env, "requests must hold whole records");
  }
  std::vector<RequestRecord> requests(bytes.size() / sizeof(RequestRecord));
  if (!requests.empty()) std::memcpy(requests.data(), bytes.data(), bytes.size());
  prober.Submit(requests);
  return env.Undefined();
}

Napi::Value ProberObject::Cancel(const Napi::CallbackInfo& info) {
  Running(info.Env()).Cancel(Uint32Argument(info, 0, "id"));
  return info.Env().Undefined();
}

Napi::Value ProberObject::Next(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (state_->waiting) throw Napi::Error::New(env, "an earlier next() is still waiting");
  const auto deferred = Napi::Promise::Deferred::New(env);
  if (!state_->prober) {
    deferred.Resolve(env.Undefined());
    return deferred.Promise();
  }
  state_->waiting = deferred;
  Reactor::Of(env).Hold(state_);
  Ref();
  Wake(env, state_);
  return deferred.Promise();
}

void ProberObject::Wake(Napi::Env env, const std::shared_ptr<State>& state) {
  if (!state->waiting) return;
  std::vector<Result> results = state->prober->Take();
  if (!results.empty()) StopWaiting(env, state).Resolve(ToBatch(env, results));
}

Napi::Promise::Deferred ProberObject::StopWaiting(Napi::Env env,
                                                  const std::shared_ptr<State>& state) {
  const Napi::Promise::Deferred deferred = *state->waiting;
  state->waiting.reset();
  Reactor::Of(env).Release(state);
  state->owner->Unref();
  return deferred;
}

Napi::Value ProberObject::Close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (state_->waiting) StopWaiting(env, state_).Resolve(env.Undefined());
  Stop(env);
  return env.Undefined();
}

/// One that waits is collected with its environment alone, when nobody waits any more.
ProberObject::~ProberObject() { Stop(Env()); }

void ProberObject::Stop(Napi::Env env) {
  state_->closed = true;
  if (state_->at_end) state_->at_end->Remove(env);
  state_->at_end.reset();
  if (state_->prober) state_->prober->Stop();
  state_->prober.reset();
}

void InitProber(Napi::Env env, Napi::Object exports) {
  exports.Set("Prober", ProberObject::Define(env));
  Napi::Object layout = Napi::Object::New(env);
  const auto put = [&](const char* name, size_t value) {
    layout.Set(name, static_cast<double>(value));
  };
  put("RequestRecord", sizeof(RequestRecord));
  put("RequestRecord.id", offsetof(RequestRecord, id));
  put("RequestRecord.kind", offsetof(RequestRecord, kind));
  put("RequestRecord.flags", offsetof(RequestRecord, flags));
  put("RequestRecord.family", offsetof(RequestRecord, family));
  put("RequestRecord.port", offsetof(RequestRecord, port));
  put("RequestRecord.mark", offsetof(RequestRecord, mark));
  put("RequestRecord.timeout_ms", offsetof(RequestRecord, timeout_ms));
  put("RequestRecord.address", offsetof(RequestRecord, address));
  put("RequestRecord.source", offsetof(RequestRecord, source));
  put("RequestRecord.device", offsetof(RequestRecord, device));
  put("ResultRecord", sizeof(ResultRecord));
  put("ResultRecord.id", offsetof(ResultRecord, id));
  put("ResultRecord.error", offsetof(ResultRecord, error));
  put("ResultRecord.stage", offsetof(ResultRecord, stage));
  put("ResultRecord.latency_us", offsetof(ResultRecord, latency_us));
  put("ResultRecord.socket", offsetof(ResultRecord, socket));
  exports.Set("probeLayout", layout);
}

}  // namespace lvskit::napi
