#pragma once

#include <napi.h>

#include <memory>

#include "napi/reactor.h"

namespace lvskit::napi {

/// What the addon keeps for one environment (the main thread, or a worker), and its only state.
struct Environment {
  std::unique_ptr<Reactor> reactor;

  static Environment& Of(Napi::Env env) {
    auto* data = env.GetInstanceData<Environment>();
    if (data == nullptr) {
      data = new Environment;
      env.SetInstanceData(data);  // which deletes it with the environment
    }
    return *data;
  }
};

}  // namespace lvskit::napi
