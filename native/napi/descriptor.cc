#include "napi/descriptor.h"

#include <memory>
#include <utility>

namespace lvskit::napi {

namespace {

using Owner = std::shared_ptr<system::FileDescriptor>;

void RequireOpen(const Napi::CallbackInfo& info, const Owner& owner) {
  if (!owner->valid()) throw Napi::Error::New(info.Env(), "the descriptor is gone already");
}

}  // namespace

Napi::Object ToDescriptor(Napi::Env env, system::FileDescriptor file) {
  const auto owner = std::make_shared<system::FileDescriptor>(std::move(file));
  const auto number = [owner](const Napi::CallbackInfo& info) -> Napi::Value {
    RequireOpen(info, owner);
    return Napi::Number::New(info.Env(), owner->get());
  };
  const auto take = [owner](const Napi::CallbackInfo& info) -> Napi::Value {
    RequireOpen(info, owner);
    return Napi::Number::New(info.Env(), owner->Release());
  };
  const auto close = [owner](const Napi::CallbackInfo&) { owner->Close(); };
  Napi::Object result = Napi::Object::New(env);
  result.Set("number", Napi::Function::New(env, number, "number"));
  result.Set("take", Napi::Function::New(env, take, "take"));
  result.Set("close", Napi::Function::New(env, close, "close"));
  return result;
}

}  // namespace lvskit::napi
