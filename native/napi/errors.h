#pragma once

#include <napi.h>

#include <exception>

namespace lvskit::napi {

/// The JavaScript error for what C++ threw. A SystemError carries `errno` (positive), `syscall` and
/// `kernelMessage`; a FormatError carries `malformed: true`. Sentences are composed in TypeScript.
[[nodiscard]] Napi::Error ToJavaScript(Napi::Env env, const std::exception_ptr& failure);

}  // namespace lvskit::napi
