#include "napi/names.h"

#include <optional>
#include <string>

#include "napi/arguments.h"
#include "system/names.h"

namespace lvskit::napi {

namespace {

// Names are bytes to the C library, and one character for each byte to JavaScript.

std::string NameArgument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (!info[index].IsString()) {
    throw Napi::TypeError::New(info.Env(), std::string(name) + " must be a string");
  }
  const napi_value value = info[index];
  size_t length = 0;
  napi_get_value_string_latin1(info.Env(), value, nullptr, 0, &length);
  std::string bytes(length, '\0');
  // Room for the NUL that Node-API writes behind it: a string always has that.
  napi_get_value_string_latin1(info.Env(), value, bytes.data(), length + 1, &length);
  return bytes;
}

Napi::Value ToName(Napi::Env env, const std::optional<std::string>& name) {
  if (!name) return env.Undefined();
  napi_value value = nullptr;
  napi_create_string_latin1(env, name->data(), name->size(), &value);
  return {env, value};
}

Napi::Value HostAddress(const Napi::CallbackInfo& info) {
  const auto address = system::HostAddress(NameArgument(info, 0, "name"));
  if (!address) return info.Env().Undefined();
  return Napi::Buffer<std::byte>::Copy(info.Env(), address->data(), address->size());
}

Napi::Value HostName(const Napi::CallbackInfo& info) {
  const auto address = BytesArgument(info, 0, "address");
  if (address.size() != 4 && address.size() != 16) {
    throw Napi::TypeError::New(info.Env(), "address must have 4 or 16 bytes");
  }
  return ToName(info.Env(), system::HostName(address));
}

Napi::Value ServicePort(const Napi::CallbackInfo& info) {
  const auto port =
      system::ServicePort(NameArgument(info, 0, "name"), NameArgument(info, 1, "protocol"));
  if (!port) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), *port);
}

Napi::Value ServiceName(const Napi::CallbackInfo& info) {
  const uint32_t port = Uint32Argument(info, 0, "port");
  if (port > UINT16_MAX) throw Napi::TypeError::New(info.Env(), "port must be at most 65535");
  return ToName(info.Env(), system::ServiceName(static_cast<uint16_t>(port),
                                                NameArgument(info, 1, "protocol")));
}

Napi::Value ErrorText(const Napi::CallbackInfo& info) {
  const auto number = static_cast<int>(Uint32Argument(info, 0, "errno"));
  return Napi::String::New(info.Env(), system::ErrorText(number));
}

}  // namespace

void InitNames(Napi::Env env, Napi::Object exports) {
  exports.Set("hostAddress", Napi::Function::New<HostAddress>(env, "hostAddress"));
  exports.Set("hostName", Napi::Function::New<HostName>(env, "hostName"));
  exports.Set("servicePort", Napi::Function::New<ServicePort>(env, "servicePort"));
  exports.Set("serviceName", Napi::Function::New<ServiceName>(env, "serviceName"));
  exports.Set("errorText", Napi::Function::New<ErrorText>(env, "errorText"));
}

}  // namespace lvskit::napi
