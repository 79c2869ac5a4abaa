#include "napi/errors.h"

#include "netlink/format_error.h"
#include "system/system_error.h"

namespace lvskit::napi {

Napi::Error ToJavaScript(Napi::Env env, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Napi::Error& error) {
    return error;
  } catch (const system::SystemError& error) {
    Napi::Error result = Napi::Error::New(env, error.what());
    result.Set("errno", Napi::Number::New(env, error.error_number()));
    result.Set("syscall", Napi::String::New(env, error.syscall()));
    result.Set("kernelMessage", Napi::String::New(env, error.kernel_message()));
    return result;
  } catch (const netlink::FormatError& error) {
    Napi::Error result = Napi::Error::New(env, error.what());
    result.Set("malformed", Napi::Boolean::New(env, true));
    return result;
  } catch (const std::exception& error) {
    return Napi::Error::New(env, error.what());
  }
}

}  // namespace lvskit::napi
