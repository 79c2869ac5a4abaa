#include "napi/descriptor.h"

#include <memory>
#include <span>
#include <utility>

#include "napi/arguments.h"
#include "napi/promise_worker.h"
#include "system/open_file.h"

namespace lvskit::napi {

namespace {

/// Empty once closed or taken. A call in flight has its own share of the file, so that the number
/// cannot become another file's under it.
struct Slot {
  std::shared_ptr<system::FileDescriptor> file;
};

using SharedSlot = std::shared_ptr<Slot>;

system::FileDescriptor& RequireOpen(const Napi::CallbackInfo& info, const SharedSlot& slot) {
  if (!slot->file) throw Napi::Error::New(info.Env(), "the descriptor is gone already");
  return *slot->file;
}

Napi::Value Read(const Napi::CallbackInfo& info, const SharedSlot& slot) {
  RequireOpen(info, slot);
  const auto buffer = BufferArgument(info, 0, "buffer");
  // Keeps the memory alive until the call is over.
  const auto kept =
      std::make_shared<Napi::ObjectReference>(Napi::Persistent(info[0].As<Napi::Object>()));
  return PromiseWorker<size_t>::Run(
      info.Env(), [file = slot->file, buffer] { return system::ReadFully(*file, buffer); },
      [kept](Napi::Env env, size_t& count) {
        return Napi::Number::New(env, static_cast<double>(count));
      });
}

}  // namespace

Napi::Object ToDescriptor(Napi::Env env, system::FileDescriptor file) {
  const auto slot = std::make_shared<Slot>();
  slot->file = std::make_shared<system::FileDescriptor>(std::move(file));
  const auto number = [slot](const Napi::CallbackInfo& info) -> Napi::Value {
    return Napi::Number::New(info.Env(), RequireOpen(info, slot).get());
  };
  const auto read = [slot](const Napi::CallbackInfo& info) { return Read(info, slot); };
  const auto take = [slot](const Napi::CallbackInfo& info) -> Napi::Value {
    const int taken = RequireOpen(info, slot).Release();
    slot->file.reset();
    return Napi::Number::New(info.Env(), taken);
  };
  const auto close = [slot](const Napi::CallbackInfo&) { slot->file.reset(); };
  Napi::Object result = Napi::Object::New(env);
  result.Set("number", Napi::Function::New(env, number, "number"));
  result.Set("read", Napi::Function::New(env, read, "read"));
  result.Set("take", Napi::Function::New(env, take, "take"));
  result.Set("close", Napi::Function::New(env, close, "close"));
  return result;
}

}  // namespace lvskit::napi
