#pragma once

#include <napi.h>

namespace lvskit::napi {

/// Adds the lookups of system/names.h to the addon's exports.
void InitNames(Napi::Env env, Napi::Object exports);

}  // namespace lvskit::napi
