#include <napi.h>

#include "napi/ipvs.h"
#include "napi/names.h"
#include "napi/packet.h"
#include "napi/prober.h"
#include "napi/route.h"
#include "napi/system.h"
#include "napi/text.h"

namespace lvskit::napi {

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  InitIpvs(env, exports);
  InitNames(env, exports);
  InitRoute(env, exports);
  InitPacket(env, exports);
  InitProber(env, exports);
  InitSystem(env, exports);
  InitText(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(lvskit, Init)

}  // namespace lvskit::napi
