#include "napi/descriptor.h"

#include <memory>
#include <utility>

namespace lvskit::napi {

Napi::Object ToDescriptor(Napi::Env env, system::FileDescriptor file) {
  const auto owner = std::make_shared<system::FileDescriptor>(std::move(file));
  Napi::Object result = Napi::Object::New(env);
  result.Set("take", Napi::Function::New(
                         env,
                         [owner](const Napi::CallbackInfo& info) -> Napi::Value {
                           if (!owner->valid()) {
                             throw Napi::Error::New(info.Env(), "the descriptor is gone already");
                           }
                           return Napi::Number::New(info.Env(), owner->Release());
                         },
                         "take"));
  result.Set("close", Napi::Function::New(
                          env, [owner](const Napi::CallbackInfo&) { owner->Close(); }, "close"));
  return result;
}

}  // namespace lvskit::napi
