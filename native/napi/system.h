#pragma once

#include <napi.h>

namespace lvskit::napi {

/// Adds sysctls, namespaces, files and transport sockets in a namespace to the addon's exports.
void InitSystem(Napi::Env env, Napi::Object exports);

}  // namespace lvskit::napi
