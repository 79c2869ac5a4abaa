#pragma once

#include <napi.h>

namespace lvskit::napi {

/// Adds `listenTcp`, `bindUdp` and `connectTcp` to the addon's exports.
void InitTransport(Napi::Env env, Napi::Object exports);

}  // namespace lvskit::napi
