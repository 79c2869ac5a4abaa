#pragma once

#include <napi.h>

#include <cstddef>
#include <span>

#include "packet/arp.h"
#include "packet/ndp.h"

namespace lvskit::napi {

[[nodiscard]] Napi::Uint8Array ToBytes(Napi::Env env, std::span<const std::byte> bytes);

/// Frames as JavaScript has them: plain objects, addresses as Uint8Array.
[[nodiscard]] Napi::Object ToObject(Napi::Env env, const packet::ArpFrame& frame);
[[nodiscard]] Napi::Object ToObject(Napi::Env env, const packet::NdpFrame& frame);

/// Adds `encodeArp`, `decodeArp`, `encodeNdp` and `decodeNdp`.
void InitPacketFrames(Napi::Env env, Napi::Object exports);

}  // namespace lvskit::napi
