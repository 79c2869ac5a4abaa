#pragma once

#include <napi.h>

namespace lvskit::napi {

/// Exports `RouteSocket`, `NetworkMonitor` and `routeConstants`.
void InitRoute(Napi::Env env, Napi::Object exports);

}  // namespace lvskit::napi
