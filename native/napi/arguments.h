#pragma once

#include <napi.h>

#include <cstddef>
#include <span>
#include <string>

#include "system/namespace.h"

namespace lvskit::napi {

/// Argument readers. TypeScript has validated every value before it gets here; these only make
/// sure that a caller who bypasses it gets a TypeError and never undefined behaviour.
[[nodiscard]] std::string StringArgument(const Napi::CallbackInfo& info, size_t index,
                                         const char* name);
[[nodiscard]] uint32_t Uint32Argument(const Napi::CallbackInfo& info, size_t index,
                                      const char* name);
[[nodiscard]] Napi::Object ObjectArgument(const Napi::CallbackInfo& info, size_t index,
                                          const char* name);

/// undefined (the process's own), a path, or an open descriptor's number.
[[nodiscard]] system::NetworkNamespace NamespaceArgument(const Napi::CallbackInfo& info,
                                                         size_t index);

/// The bytes of a Uint8Array, ArrayBuffer view or Buffer; valid until JavaScript runs again.
[[nodiscard]] std::span<const std::byte> BytesArgument(const Napi::CallbackInfo& info, size_t index,
                                                       const char* name);

/// The same to be written to.
[[nodiscard]] std::span<std::byte> BufferArgument(const Napi::CallbackInfo& info, size_t index,
                                                  const char* name);

}  // namespace lvskit::napi
