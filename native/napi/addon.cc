#include <napi.h>

namespace lvskit::napi {

namespace {

Napi::Object Init(Napi::Env /*env*/, Napi::Object exports) { return exports; }

}  // namespace

NODE_API_MODULE(lvskit, Init)

}  // namespace lvskit::napi
