#include "napi/system.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "napi/arguments.h"
#include "napi/descriptor.h"
#include "napi/errors.h"
#include "napi/promise_worker.h"
#include "napi/transport.h"
#include "system/file_lock.h"
#include "system/named_namespace.h"
#include "system/notify.h"
#include "system/open_file.h"
#include "system/sysctl.h"
#include "system/system_error.h"

namespace lvskit::napi {

namespace {

Napi::Value ToValue(Napi::Env env, const std::optional<std::string>& text) {
  if (!text) return env.Undefined();
  return Napi::String::New(env, *text);
}

Napi::Value ReadSysctl(const Napi::CallbackInfo& info) {
  auto work = [name = StringArgument(info, 0, "name"), netns = NamespaceArgument(info, 1)] {
    return system::ReadSysctl(name, netns);
  };
  return PromiseWorker<std::string>::Run(
      info.Env(), std::move(work),
      [](Napi::Env env, std::string& value) { return Napi::String::New(env, value); });
}

Napi::Value WriteSysctl(const Napi::CallbackInfo& info) {
  auto work = [name = StringArgument(info, 0, "name"), value = StringArgument(info, 1, "value"),
               netns = NamespaceArgument(info, 2)] {
    return system::WriteSysctl(name, value, netns);
  };
  return PromiseWorker<std::optional<std::string>>::Run(
      info.Env(), std::move(work),
      [](Napi::Env env, std::optional<std::string>& previous) { return ToValue(env, previous); });
}

Napi::Value ListSysctls(const Napi::CallbackInfo& info) {
  auto work = [prefix = StringArgument(info, 0, "prefix"), netns = NamespaceArgument(info, 1)] {
    return system::ListSysctls(prefix, netns);
  };
  return PromiseWorker<std::vector<system::Sysctl>>::Run(
      info.Env(), std::move(work), [](Napi::Env env, std::vector<system::Sysctl>& found) {
        const Napi::Array result = Napi::Array::New(env, found.size());
        for (size_t index = 0; index < found.size(); ++index) {
          const Napi::HandleScope scope(env);
          Napi::Object item = Napi::Object::New(env);
          item.Set("name", found[index].name);
          item.Set("value", ToValue(env, found[index].value));
          result.Set(static_cast<uint32_t>(index), item);
        }
        return result;
      });
}

Napi::Value CreateNamespace(const Napi::CallbackInfo& info) {
  return RunAsync(info.Env(), [name = StringArgument(info, 0, "name"),
                               loopback_up = info[1].ToBoolean().Value()] {
    system::CreateNamedNamespace(name, loopback_up);
  });
}

Napi::Value RemoveNamespace(const Napi::CallbackInfo& info) {
  return RunAsync(info.Env(),
                  [name = StringArgument(info, 0, "name")] { system::RemoveNamedNamespace(name); });
}

Napi::Value OpenFile(const Napi::CallbackInfo& info) {
  auto work = [path = StringArgument(info, 0, "path"), netns = NamespaceArgument(info, 1)] {
    return system::OpenFile(path, netns);
  };
  return PromiseWorker<system::FileDescriptor>::Run(
      info.Env(), std::move(work), [](Napi::Env env, system::FileDescriptor& file) {
        return ToDescriptor(env, std::move(file));
      });
}

Napi::Value LockFile(const Napi::CallbackInfo& info) {
  auto work = [path = StringArgument(info, 0, "path")] { return system::LockFile(path); };
  using Lock = std::optional<system::FileDescriptor>;
  return PromiseWorker<Lock>::Run(info.Env(), std::move(work),
                                  [](Napi::Env env, Lock& lock) -> Napi::Value {
                                    if (!lock) return env.Undefined();
                                    return ToDescriptor(env, std::move(*lock));
                                  });
}

Napi::Value NotifyManager(const Napi::CallbackInfo& info) {
  return RunAsync(info.Env(), [name = StringArgument(info, 0, "socket"),
                               state = StringArgument(info, 1, "state")] {
    system::NotifyManager(name, state);
  });
}

Napi::Value PeerOf(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    const system::Peer peer = system::PeerOf(static_cast<int>(Uint32Argument(info, 0, "socket")));
    Napi::Object result = Napi::Object::New(env);
    result.Set("pid", Napi::Number::New(env, peer.pid));
    result.Set("uid", Napi::Number::New(env, peer.uid));
    result.Set("gid", Napi::Number::New(env, peer.gid));
    Napi::Array groups = Napi::Array::New(env, peer.groups.size());
    for (size_t index = 0; index < peer.groups.size(); ++index) {
      groups.Set(static_cast<uint32_t>(index), Napi::Number::New(env, peer.groups[index]));
    }
    result.Set("groups", groups);
    return result;
  } catch (const system::SystemError&) {
    throw ToJavaScript(env, std::current_exception());
  }
}

}  // namespace

void InitSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("readSysctl", Napi::Function::New<ReadSysctl>(env, "readSysctl"));
  exports.Set("writeSysctl", Napi::Function::New<WriteSysctl>(env, "writeSysctl"));
  exports.Set("listSysctls", Napi::Function::New<ListSysctls>(env, "listSysctls"));
  exports.Set("createNamespace", Napi::Function::New<CreateNamespace>(env, "createNamespace"));
  exports.Set("removeNamespace", Napi::Function::New<RemoveNamespace>(env, "removeNamespace"));
  exports.Set("openFile", Napi::Function::New<OpenFile>(env, "openFile"));
  exports.Set("lockFile", Napi::Function::New<LockFile>(env, "lockFile"));
  exports.Set("notifyManager", Napi::Function::New<NotifyManager>(env, "notifyManager"));
  exports.Set("peerOf", Napi::Function::New<PeerOf>(env, "peerOf"));
  InitTransport(env, exports);
}

}  // namespace lvskit::napi
