#pragma once

#include <napi.h>

namespace lvskit::napi {

/// Adds `openArp` and `openNdp`, and what encodes and decodes their frames, to the exports.
void InitPacket(Napi::Env env, Napi::Object exports);

}  // namespace lvskit::napi
