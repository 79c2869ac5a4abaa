#pragma once

#include <napi.h>

namespace lvskit::napi {

/// Adds `connectionRows` and `tableLines` to the exports.
void InitText(Napi::Env env, Napi::Object exports);

}  // namespace lvskit::napi
