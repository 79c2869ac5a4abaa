#include "napi/ipvs.h"

#include <linux/ip_vs.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "ipvs/client.h"
#include "napi/arguments.h"
#include "napi/promise_worker.h"

namespace lvskit::napi {

namespace {

using ipvs::Client;
using ipvs::RequestRecord;
using ipvs::ServiceRecord;

/// A client and the lock that makes it one thread's at a time. TypeScript queues its calls, so the
/// lock is never waited for there; it is for whoever calls the addon directly.
struct SharedClient {
  explicit SharedClient(const system::NetworkNamespace& network_namespace)
      : client(network_namespace) {}

  template <typename Work>
  auto Use(const Work& work) {
    const std::lock_guard guard(mutex);
    return work(client);
  }

  std::mutex mutex;
  Client client;
};

template <typename Record>
std::vector<Record> RecordsArgument(const Napi::CallbackInfo& info, size_t index,
                                    const char* name) {
  const auto bytes = BytesArgument(info, index, name);
  if (bytes.size() % sizeof(Record) != 0) {
    throw Napi::TypeError::New(info.Env(), std::string(name) + " must hold whole records");
  }
  std::vector<Record> records(bytes.size() / sizeof(Record));
  if (!records.empty()) std::memcpy(records.data(), bytes.data(), bytes.size());
  return records;
}

Napi::Value ToArrayBuffer(Napi::Env env, ipvs::RecordBuffer& records) {
  const size_t size = records.size();
  if (size == 0) return Napi::ArrayBuffer::New(env, 0);
  std::byte* const data = records.Release();
  return Napi::ArrayBuffer::New(env, data, size,
                                [](Napi::Env, void* memory) { std::free(memory); });
}

Napi::Value ToTable(Napi::Env env, ipvs::Table& table) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("serviceStride", static_cast<double>(table.service_stride));
  result.Set("destinationStride", static_cast<double>(table.destination_stride));
  result.Set("services", ToArrayBuffer(env, table.services));
  result.Set("destinations", ToArrayBuffer(env, table.destinations));
  return result;
}

Napi::Value ToFailures(Napi::Env env, const std::vector<netlink::Failure>& failures) {
  const Napi::Array result = Napi::Array::New(env, failures.size());
  for (size_t index = 0; index < failures.size(); ++index) {
    const netlink::Failure& failure = failures[index];
    Napi::Object item = Napi::Object::New(env);
    item.Set("index", static_cast<double>(failure.index));
    item.Set("errno", failure.error_number);
    item.Set("kernelMessage", failure.message);
    result.Set(static_cast<uint32_t>(index), item);
  }
  return result;
}

ipvs::TableOptions TableOptionsArgument(const Napi::CallbackInfo& info, size_t index) {
  const Napi::Object object = ObjectArgument(info, index, "options");
  return {.statistics = object.Get("statistics").ToBoolean(),
          .destinations = object.Get("destinations").ToBoolean(),
          .consistent = object.Get("consistent").ToBoolean()};
}

class IpvsSocket final : public Napi::ObjectWrap<IpvsSocket> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "IpvsSocket",
        {InstanceMethod<&IpvsSocket::Open>("open"), InstanceMethod<&IpvsSocket::Execute>("execute"),
         InstanceMethod<&IpvsSocket::ReadTable>("readTable"),
         InstanceMethod<&IpvsSocket::ReadService>("readService"),
         InstanceMethod<&IpvsSocket::ReadDestinations>("readDestinations"),
         InstanceMethod<&IpvsSocket::ReadDaemons>("readDaemons"),
         InstanceMethod<&IpvsSocket::ReadTimeouts>("readTimeouts"),
         InstanceMethod<&IpvsSocket::ReadInfo>("readInfo"),
         InstanceMethod<&IpvsSocket::Close>("close")});
  }

  explicit IpvsSocket(const Napi::CallbackInfo& info) : ObjectWrap(info), slot_(new Slot) {}

 private:
  /// Outlives this object while an open() is in flight.
  struct Slot {
    std::shared_ptr<SharedClient> client;
    bool closed = false;
  };

  Napi::Value Open(const Napi::CallbackInfo& info) {
    auto network_namespace = NamespaceArgument(info, 0);
    return PromiseWorker<std::shared_ptr<SharedClient>>::Run(
        info.Env(),
        [network_namespace = std::move(network_namespace)] {
          return std::make_shared<SharedClient>(network_namespace);
        },
        [slot = slot_](Napi::Env env, std::shared_ptr<SharedClient>& client) {
          if (!slot->closed) slot->client = client;
          return env.Undefined();
        });
  }

  Napi::Value Execute(const Napi::CallbackInfo& info) {
    return Run<std::vector<netlink::Failure>>(
        info,
        [requests = RecordsArgument<RequestRecord>(info, 0, "requests")](Client& client) {
          return client.Execute(requests);
        },
        ToFailures);
  }

  Napi::Value ReadTable(const Napi::CallbackInfo& info) {
    return Run<ipvs::Table>(
        info,
        [options = TableOptionsArgument(info, 0)](Client& client) {
          return client.ReadTable(options);
        },
        ToTable);
  }

  Napi::Value ReadService(const Napi::CallbackInfo& info) {
    auto keys = RecordsArgument<ServiceRecord>(info, 0, "key");
    if (keys.size() != 1) throw Napi::TypeError::New(info.Env(), "key must be one record");
    return Run<ipvs::Table>(
        info,
        [key = keys.front(), options = TableOptionsArgument(info, 1)](Client& client) {
          return client.ReadService(key, options);
        },
        ToTable);
  }

  Napi::Value ReadDestinations(const Napi::CallbackInfo& info) {
    return Run<ipvs::Table>(
        info,
        [keys = RecordsArgument<ServiceRecord>(info, 0, "keys")](Client& client) {
          return client.ReadDestinations(keys);
        },
        ToTable);
  }

  Napi::Value ReadDaemons(const Napi::CallbackInfo& info) {
    return Run<std::vector<ipvs::DaemonRecord>>(
        info, [](Client& client) { return client.ReadDaemons(); },
        [](Napi::Env env, std::vector<ipvs::DaemonRecord>& daemons) -> Napi::Value {
          const size_t size = daemons.size() * sizeof(ipvs::DaemonRecord);
          Napi::ArrayBuffer result = Napi::ArrayBuffer::New(env, size);
          if (size != 0) std::memcpy(result.Data(), daemons.data(), size);
          return result;
        });
  }

  Napi::Value ReadTimeouts(const Napi::CallbackInfo& info) {
    return Run<ipvs::TimeoutsRecord>(
        info, [](Client& client) { return client.ReadTimeouts(); },
        [](Napi::Env env, ipvs::TimeoutsRecord& timeouts) -> Napi::Value {
          Napi::Object result = Napi::Object::New(env);
          result.Set("tcp", timeouts.tcp);
          result.Set("tcpFin", timeouts.tcp_fin);
          result.Set("udp", timeouts.udp);
          return result;
        });
  }

  Napi::Value ReadInfo(const Napi::CallbackInfo& info) {
    return Run<ipvs::InfoRecord>(
        info, [](Client& client) { return client.ReadInfo(); },
        [](Napi::Env env, ipvs::InfoRecord& read) -> Napi::Value {
          Napi::Object result = Napi::Object::New(env);
          result.Set("version", read.version);
          result.Set("connectionTableSize", read.connection_table_size);
          return result;
        });
  }

  /// The socket itself goes when the last call in flight is done.
  Napi::Value Close(const Napi::CallbackInfo& info) {
    slot_->closed = true;
    slot_->client.reset();
    return info.Env().Undefined();
  }

  template <typename Result, typename Work, typename Convert>
  Napi::Value Run(const Napi::CallbackInfo& info, Work work, Convert convert) {
    if (!slot_->client) throw Napi::Error::New(info.Env(), "the socket is not open");
    return PromiseWorker<Result>::Run(
        info.Env(), [client = slot_->client, work = std::move(work)] { return client->Use(work); },
        convert);
  }

  std::shared_ptr<Slot> slot_;
};

/// Where each field of the records lies, for the test that holds TypeScript's table against it.
Napi::Object Layout(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
#define LVSKIT_FIELD(record, field) \
  result.Set(#record "." #field, static_cast<double>(offsetof(ipvs::record, field)))
#define LVSKIT_SIZE(record) result.Set(#record, static_cast<double>(sizeof(ipvs::record)))
  LVSKIT_SIZE(StatisticsRecord);
  LVSKIT_FIELD(StatisticsRecord, connections);
  LVSKIT_FIELD(StatisticsRecord, bytes_out_per_second);
  LVSKIT_SIZE(ServiceRecord);
  LVSKIT_FIELD(ServiceRecord, family);
  LVSKIT_FIELD(ServiceRecord, protocol);
  LVSKIT_FIELD(ServiceRecord, port);
  LVSKIT_FIELD(ServiceRecord, firewall_mark);
  LVSKIT_FIELD(ServiceRecord, flags);
  LVSKIT_FIELD(ServiceRecord, timeout);
  LVSKIT_FIELD(ServiceRecord, netmask);
  LVSKIT_FIELD(ServiceRecord, address);
  LVSKIT_FIELD(ServiceRecord, scheduler);
  LVSKIT_FIELD(ServiceRecord, engine);
  LVSKIT_FIELD(ServiceRecord, destination_count);
  LVSKIT_SIZE(DestinationRecord);
  LVSKIT_FIELD(DestinationRecord, family);
  LVSKIT_FIELD(DestinationRecord, port);
  LVSKIT_FIELD(DestinationRecord, forwarding);
  LVSKIT_FIELD(DestinationRecord, weight);
  LVSKIT_FIELD(DestinationRecord, upper_threshold);
  LVSKIT_FIELD(DestinationRecord, lower_threshold);
  LVSKIT_FIELD(DestinationRecord, active_connections);
  LVSKIT_FIELD(DestinationRecord, inactive_connections);
  LVSKIT_FIELD(DestinationRecord, persistent_connections);
  LVSKIT_FIELD(DestinationRecord, address);
  LVSKIT_FIELD(DestinationRecord, tunnel_type);
  LVSKIT_FIELD(DestinationRecord, tunnel_port);
  LVSKIT_FIELD(DestinationRecord, tunnel_flags);
  LVSKIT_SIZE(DaemonRecord);
  LVSKIT_FIELD(DaemonRecord, state);
  LVSKIT_FIELD(DaemonRecord, sync_id);
  LVSKIT_FIELD(DaemonRecord, max_length);
  LVSKIT_FIELD(DaemonRecord, port);
  LVSKIT_FIELD(DaemonRecord, ttl);
  LVSKIT_FIELD(DaemonRecord, group_family);
  LVSKIT_FIELD(DaemonRecord, interface);
  LVSKIT_FIELD(DaemonRecord, group);
  LVSKIT_SIZE(RequestRecord);
  LVSKIT_FIELD(RequestRecord, command);
  LVSKIT_FIELD(RequestRecord, has_service);
  LVSKIT_FIELD(RequestRecord, rule.service);
  LVSKIT_FIELD(RequestRecord, rule.destination);
  LVSKIT_FIELD(RequestRecord, daemon);
  LVSKIT_FIELD(RequestRecord, timeouts);
#undef LVSKIT_FIELD
#undef LVSKIT_SIZE
  return result;
}

/// The numbers of <linux/ip_vs.h> that TypeScript repeats by name; a test compares them.
Napi::Object Constants(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
#define LVSKIT_CONSTANT(name) result.Set(#name, static_cast<double>(name))
  LVSKIT_CONSTANT(IPVS_CMD_NEW_SERVICE);
  LVSKIT_CONSTANT(IPVS_CMD_SET_SERVICE);
  LVSKIT_CONSTANT(IPVS_CMD_DEL_SERVICE);
  LVSKIT_CONSTANT(IPVS_CMD_GET_SERVICE);
  LVSKIT_CONSTANT(IPVS_CMD_NEW_DEST);
  LVSKIT_CONSTANT(IPVS_CMD_SET_DEST);
  LVSKIT_CONSTANT(IPVS_CMD_DEL_DEST);
  LVSKIT_CONSTANT(IPVS_CMD_NEW_DAEMON);
  LVSKIT_CONSTANT(IPVS_CMD_DEL_DAEMON);
  LVSKIT_CONSTANT(IPVS_CMD_SET_CONFIG);
  LVSKIT_CONSTANT(IPVS_CMD_ZERO);
  LVSKIT_CONSTANT(IPVS_CMD_FLUSH);
  LVSKIT_CONSTANT(IP_VS_SVC_F_PERSISTENT);
  LVSKIT_CONSTANT(IP_VS_SVC_F_HASHED);
  LVSKIT_CONSTANT(IP_VS_SVC_F_ONEPACKET);
  LVSKIT_CONSTANT(IP_VS_SVC_F_SCHED1);
  LVSKIT_CONSTANT(IP_VS_SVC_F_SCHED2);
  LVSKIT_CONSTANT(IP_VS_SVC_F_SCHED3);
  LVSKIT_CONSTANT(IP_VS_CONN_F_MASQ);
  LVSKIT_CONSTANT(IP_VS_CONN_F_LOCALNODE);
  LVSKIT_CONSTANT(IP_VS_CONN_F_TUNNEL);
  LVSKIT_CONSTANT(IP_VS_CONN_F_DROUTE);
  LVSKIT_CONSTANT(IP_VS_CONN_F_BYPASS);
  LVSKIT_CONSTANT(IP_VS_CONN_F_TUNNEL_TYPE_IPIP);
  LVSKIT_CONSTANT(IP_VS_CONN_F_TUNNEL_TYPE_GUE);
  LVSKIT_CONSTANT(IP_VS_CONN_F_TUNNEL_TYPE_GRE);
  LVSKIT_CONSTANT(IP_VS_TUNNEL_ENCAP_FLAG_CSUM);
  LVSKIT_CONSTANT(IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM);
  LVSKIT_CONSTANT(IP_VS_STATE_MASTER);
  LVSKIT_CONSTANT(IP_VS_STATE_BACKUP);
  LVSKIT_CONSTANT(IP_VS_SCHEDNAME_MAXLEN);
  LVSKIT_CONSTANT(IP_VS_PENAME_MAXLEN);
  LVSKIT_CONSTANT(IP_VS_IFNAME_MAXLEN);
#undef LVSKIT_CONSTANT
  return result;
}

}  // namespace

void InitIpvs(Napi::Env env, Napi::Object exports) {
  exports.Set("IpvsSocket", IpvsSocket::Define(env));
  exports.Set("ipvsLayout", Layout(env));
  exports.Set("ipvsConstants", Constants(env));
}

}  // namespace lvskit::napi
