#include "napi/arguments.h"

#include <cmath>
#include <span>

namespace lvskit::napi {

namespace {

Napi::TypeError Wrong(const Napi::CallbackInfo& info, const char* name, const char* expected) {
  return Napi::TypeError::New(info.Env(), std::string(name) + " must be " + expected);
}

}  // namespace

std::string StringArgument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (!info[index].IsString()) throw Wrong(info, name, "a string");
  return info[index].As<Napi::String>().Utf8Value();
}

uint32_t Uint32Argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  const double value = info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : -1;
  if (!(value >= 0 && value <= UINT32_MAX) || std::trunc(value) != value) {
    throw Wrong(info, name, "a whole number from 0 to 4294967295");
  }
  return static_cast<uint32_t>(value);
}

Napi::Object ObjectArgument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (!info[index].IsObject()) throw Wrong(info, name, "an object");
  return info[index].As<Napi::Object>();
}

system::NetworkNamespace NamespaceArgument(const Napi::CallbackInfo& info, size_t index) {
  const Napi::Value value = info[index];
  if (value.IsUndefined()) return {};
  if (value.IsString()) return system::NetworkNamespace(value.As<Napi::String>().Utf8Value());
  return system::NetworkNamespace(static_cast<int>(Uint32Argument(info, index, "netns")));
}

std::span<const std::byte> BytesArgument(const Napi::CallbackInfo& info, size_t index,
                                         const char* name) {
  return BufferArgument(info, index, name);
}

std::span<std::byte> BufferArgument(const Napi::CallbackInfo& info, size_t index,
                                    const char* name) {
  if (!info[index].IsTypedArray()) throw Wrong(info, name, "a Uint8Array");
  const auto array = info[index].As<Napi::TypedArray>();
  auto* const data = static_cast<std::byte*>(array.ArrayBuffer().Data());
  return {data + array.ByteOffset(), array.ByteLength()};
}

}  // namespace lvskit::napi
