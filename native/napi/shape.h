#pragma once

#include <napi.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "route/shape.h"

namespace lvskit::napi {

/// The two-way conversion between values of JavaScript and members of the plain structures in
/// route/, driven by the same table that encodes and decodes them. An optional member that is
/// absent is a property that is undefined.
///
/// FromJs throws Napi::TypeError, naming the property: TypeScript has validated everything, so this
/// only guards against callers who bypass it.

[[noreturn]] inline void ThrowWrong(Napi::Env env, const std::string& name, const char* expected) {
  throw Napi::TypeError::New(env, name + " must be " + expected);
}

template <typename T>
requires std::is_arithmetic_v<T> Napi::Value ToJs(Napi::Env env, T value) {
  if constexpr (std::is_same_v<T, uint64_t>) {
    return Napi::BigInt::New(env, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return Napi::Boolean::New(env, value);
  } else {
    return Napi::Number::New(env, value);
  }
}

template <typename T>
requires std::is_arithmetic_v<T>
void FromJs(const Napi::Value& value, const std::string& name, T& out) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!value.IsBoolean()) ThrowWrong(value.Env(), name, "a boolean");
    out = value.As<Napi::Boolean>();
  } else if constexpr (std::is_same_v<T, uint64_t>) {
    if (!value.IsBigInt()) ThrowWrong(value.Env(), name, "a bigint");
    bool lossless = false;
    out = value.As<Napi::BigInt>().Uint64Value(&lossless);
    if (!lossless) ThrowWrong(value.Env(), name, "a bigint of 64 bits");
  } else {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0.5;
    if (!(number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max()) ||
        static_cast<double>(static_cast<T>(number)) != number) {
      ThrowWrong(value.Env(), name, "a whole number in range");
    }
    out = static_cast<T>(number);
  }
}

inline Napi::Value ToJs(Napi::Env env, const std::string& value) {
  return Napi::String::New(env, value);
}

inline void FromJs(const Napi::Value& value, const std::string& name, std::string& out) {
  if (!value.IsString()) ThrowWrong(value.Env(), name, "a string");
  out = value.As<Napi::String>().Utf8Value();
}

inline Napi::Value ToJs(Napi::Env env, const route::Bytes& value) {
  auto array = Napi::Uint8Array::New(env, value.size());
  if (!value.empty()) std::memcpy(array.Data(), value.data(), value.size());
  return array;
}

inline void FromJs(const Napi::Value& value, const std::string& name, route::Bytes& out) {
  if (!value.IsTypedArray()) ThrowWrong(value.Env(), name, "a Uint8Array");
  const auto array = value.As<Napi::TypedArray>();
  const auto* const data = static_cast<const std::byte*>(array.ArrayBuffer().Data());
  out.assign(data + array.ByteOffset(), data + array.ByteOffset() + array.ByteLength());
}

// Those that hold others need to see every conversion, also the ones further down.
template <route::Shaped T>
Napi::Value ToJs(Napi::Env env, const T& value);
template <route::Shaped T>
void FromJs(const Napi::Value& value, const std::string& name, T& out);
template <route::Wrapper T>
Napi::Value ToJs(Napi::Env env, const T& wrapper);
template <route::Wrapper T>
void FromJs(const Napi::Value& value, const std::string& name, T& out);

template <typename T>
Napi::Value ToJs(Napi::Env env, const std::optional<T>& value) {
  return value ? ToJs(env, *value) : env.Undefined();
}

template <typename T>
void FromJs(const Napi::Value& value, const std::string& name, std::optional<T>& out) {
  FromJs(value, name, out.emplace());
}

template <route::Wrapper T>
Napi::Value ToJs(Napi::Env env, const T& wrapper) {
  return ToJs(env, wrapper.value);
}

template <route::Wrapper T>
void FromJs(const Napi::Value& value, const std::string& name, T& out) {
  FromJs(value, name, out.value);
}

template <typename T>
Napi::Value ToJs(Napi::Env env, const std::vector<T>& values) {
  const auto array = Napi::Array::New(env, values.size());
  for (uint32_t index = 0; index < values.size(); ++index) {
    // One scope for each: thousands of handles in one scope are slow to look after.
    const Napi::HandleScope scope(env);
    array.Set(index, ToJs(env, values[index]));
  }
  return array;
}

template <typename T>
void FromJs(const Napi::Value& value, const std::string& name, std::vector<T>& out) {
  if (!value.IsArray()) ThrowWrong(value.Env(), name, "an array");
  const auto array = value.As<Napi::Array>();
  for (uint32_t index = 0; index < array.Length(); ++index) {
    FromJs(array.Get(index), name, out.emplace_back());
  }
}

template <route::Shaped T>
Napi::Value ToJs(Napi::Env env, const T& value) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const auto& field) {
    const Napi::Value converted = ToJs(env, value.*field.member);
    if (!converted.IsUndefined()) object.Set(field.name, converted);
  };
  const auto set_all = [&](const auto&... fields) { (set(fields), ...); };
  if constexpr (route::ShapedWithHeader<T>) std::apply(set_all, route::Shape<T>::kHeader);
  std::apply(set_all, route::Shape<T>::kAttributes);
  return object;
}

template <route::Shaped T>
void FromJs(const Napi::Value& value, const std::string& name, T& out) {
  if (!value.IsObject()) ThrowWrong(value.Env(), name, "an object");
  const auto object = value.As<Napi::Object>();
  const auto get = [&](const auto& field) {
    const Napi::Value property = object.Get(field.name);
    if (!property.IsUndefined()) FromJs(property, field.name, out.*field.member);
  };
  const auto get_all = [&](const auto&... fields) { (get(fields), ...); };
  if constexpr (route::ShapedWithHeader<T>) std::apply(get_all, route::Shape<T>::kHeader);
  std::apply(get_all, route::Shape<T>::kAttributes);
}

}  // namespace lvskit::napi
