#include "napi/packet_frames.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>

#include "napi/arguments.h"

namespace lvskit::napi {

namespace {

template <size_t kSize>
std::array<std::byte, kSize> AddressField(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (value.IsTypedArray()) {
    const auto array = value.As<Napi::TypedArray>();
    if (array.ByteLength() == kSize) {
      const auto* const data = static_cast<const std::byte*>(array.ArrayBuffer().Data());
      std::array<std::byte, kSize> address{};
      std::copy_n(data + array.ByteOffset(), kSize, address.begin());
      return address;
    }
  }
  throw Napi::TypeError::New(object.Env(), std::string(name) + " must be a Uint8Array of " +
                                               std::to_string(kSize) + " bytes");
}

uint16_t OperationField(const Napi::Object& object) {
  const Napi::Value value = object.Get("operation");
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= UINT16_MAX)) {
    throw Napi::TypeError::New(object.Env(), "operation must be a number from 0 to 65535");
  }
  return static_cast<uint16_t>(number);
}

Napi::Value EncodeArp(const Napi::CallbackInfo& info) {
  const Napi::Object object = ObjectArgument(info, 0, "frame");
  packet::ArpFrame frame;
  frame.destination = AddressField<6>(object, "destination");
  frame.source = AddressField<6>(object, "source");
  frame.operation = OperationField(object);
  frame.sender_mac = AddressField<6>(object, "senderMac");
  frame.sender_ip = AddressField<4>(object, "senderIp");
  frame.target_mac = AddressField<6>(object, "targetMac");
  frame.target_ip = AddressField<4>(object, "targetIp");
  return ToBytes(info.Env(), packet::EncodeArp(frame));
}

Napi::Value EncodeNdp(const Napi::CallbackInfo& info) {
  const Napi::Object object = ObjectArgument(info, 0, "frame");
  packet::NdpFrame frame;
  frame.destination = AddressField<6>(object, "destination");
  frame.source = AddressField<6>(object, "source");
  frame.source_ip = AddressField<16>(object, "sourceIp");
  frame.destination_ip = AddressField<16>(object, "destinationIp");
  frame.type = object.Get("isAdvertisement").ToBoolean() ? packet::NdpFrame::Type::kAdvertisement
                                                         : packet::NdpFrame::Type::kSolicitation;
  frame.router = object.Get("router").ToBoolean();
  frame.solicited = object.Get("solicited").ToBoolean();
  frame.override_cached = object.Get("override").ToBoolean();
  frame.target = AddressField<16>(object, "target");
  if (!object.Get("linkLayer").IsUndefined()) {
    frame.link_layer = AddressField<6>(object, "linkLayer");
  }
  return ToBytes(info.Env(), packet::EncodeNdp(frame));
}

template <auto kDecode>
Napi::Value Decode(const Napi::CallbackInfo& info) {
  const auto frame = kDecode(BytesArgument(info, 0, "bytes"));
  if (!frame) return info.Env().Undefined();
  return ToObject(info.Env(), *frame);
}

}  // namespace

Napi::Uint8Array ToBytes(Napi::Env env, std::span<const std::byte> bytes) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, bytes.size());
  std::ranges::copy(bytes, reinterpret_cast<std::byte*>(array.Data()));
  return array;
}

Napi::Object ToObject(Napi::Env env, const packet::ArpFrame& frame) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("destination", ToBytes(env, frame.destination));
  object.Set("source", ToBytes(env, frame.source));
  object.Set("operation", Napi::Number::New(env, frame.operation));
  object.Set("senderMac", ToBytes(env, frame.sender_mac));
  object.Set("senderIp", ToBytes(env, frame.sender_ip));
  object.Set("targetMac", ToBytes(env, frame.target_mac));
  object.Set("targetIp", ToBytes(env, frame.target_ip));
  return object;
}

Napi::Object ToObject(Napi::Env env, const packet::NdpFrame& frame) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("destination", ToBytes(env, frame.destination));
  object.Set("source", ToBytes(env, frame.source));
  object.Set("sourceIp", ToBytes(env, frame.source_ip));
  object.Set("destinationIp", ToBytes(env, frame.destination_ip));
  object.Set("isAdvertisement", frame.type == packet::NdpFrame::Type::kAdvertisement);
  object.Set("router", frame.router);
  object.Set("solicited", frame.solicited);
  object.Set("override", frame.override_cached);
  object.Set("target", ToBytes(env, frame.target));
  if (frame.link_layer) object.Set("linkLayer", ToBytes(env, *frame.link_layer));
  return object;
}

void InitPacketFrames(Napi::Env env, Napi::Object exports) {
  exports.Set("encodeArp", Napi::Function::New<EncodeArp>(env, "encodeArp"));
  exports.Set("encodeNdp", Napi::Function::New<EncodeNdp>(env, "encodeNdp"));
  exports.Set("decodeArp", Napi::Function::New<Decode<packet::DecodeArp>>(env, "decodeArp"));
  exports.Set("decodeNdp", Napi::Function::New<Decode<packet::DecodeNdp>>(env, "decodeNdp"));
}

}  // namespace lvskit::napi
