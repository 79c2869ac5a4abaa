#pragma once

#include <napi.h>

namespace lvskit::napi {

/// Adds `IpvsSocket`, `ipvsLayout` and `ipvsConstants` to the addon's exports.
void InitIpvs(Napi::Env env, Napi::Object exports);

}  // namespace lvskit::napi
