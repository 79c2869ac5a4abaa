#pragma once

#include <napi.h>

#include "system/file_descriptor.h"

namespace lvskit::napi {

/// An open file on its way to whoever adopts it in JavaScript: `number()` lends its number,
/// `take()` hands it out, once, and the ownership with it; `read(buffer)` fills a Uint8Array on the
/// pool and resolves to the count of bytes, less than it holds at the end of the file; `close()`
/// closes it unless taken, after the calls in flight. Collected, or left behind by a worker that
/// was terminated, it closes itself: a bare number would leak.
[[nodiscard]] Napi::Object ToDescriptor(Napi::Env env, system::FileDescriptor file);

}  // namespace lvskit::napi
