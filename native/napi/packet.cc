#include "napi/packet.h"

#include <poll.h>

#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "napi/arguments.h"
#include "napi/packet_frames.h"
#include "napi/promise_worker.h"
#include "napi/reactor.h"
#include "packet/socket.h"

namespace lvskit::napi {

namespace {

using system::Poller;

/// How many frames wait for a reader that does not come; later ones are counted and left out.
constexpr size_t kMostWaiting = 4096;

/// ARP and NDP differ in their frames only.
struct Arp {
  using Frame = packet::ArpFrame;
  static constexpr auto kProtocol = packet::Protocol::kArp;
  static constexpr auto kDecode = packet::DecodeArp;
};

struct Ndp {
  using Frame = packet::NdpFrame;
  static constexpr auto kProtocol = packet::Protocol::kNdp;
  static constexpr auto kDecode = packet::DecodeNdp;
};

/// What has arrived: filled on the poller's thread, emptied on JavaScript's.
template <typename Kind>
struct Inbox {
  struct Item {
    typename Kind::Frame frame;
    double received_ms;
  };

  std::mutex mutex;
  std::deque<Item> items;
  size_t dropped = 0;
  std::exception_ptr failure;
  bool told = false;  // a job to look here is on its way
};

/// A socket that is read all the time it is open. JavaScript's functions own it; the poller owns
/// the socket and the inbox only, so that a collected one ends.
template <typename Kind>
class Channel : public std::enable_shared_from_this<Channel<Kind>> {
 public:
  Channel(Napi::Env env, packet::Socket socket)
      : reactor_(Reactor::Of(env)),
        poller_(reactor_.shared_poller()),
        socket_(std::make_shared<packet::Socket>(std::move(socket))) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    if (watch_) poller_->Cancel(*watch_);
  }

  void Start() {
    std::weak_ptr<Channel> self = this->weak_from_this();
    watch_ = poller_->Watch(
        socket_->fd(), POLLIN, std::nullopt,
        [socket = socket_, inbox = inbox_, reactor = &reactor_, self](Poller::Wake wake) {
          return wake == Poller::Wake::kReady && Fill(*socket, inbox, *reactor, self);
        });
  }

  Napi::Object ToObject(Napi::Env env) {
    const auto self = this->shared_from_this();
    Napi::Object object = Napi::Object::New(env);
    object.Set("link", Napi::Number::New(env, socket_->link()));
    object.Set("address", ToBytes(env, socket_->address()));
    object.Set("send", Napi::Function::New(
                           env, [self](const Napi::CallbackInfo& info) { return self->Send(info); },
                           "send"));
    object.Set(
        "receive",
        Napi::Function::New(
            env, [self](const Napi::CallbackInfo& info) { return self->Receive(info.Env()); },
            "receive"));
    object.Set(
        "close",
        Napi::Function::New(
            env, [self](const Napi::CallbackInfo& info) { self->Close(info.Env()); }, "close"));
    return object;
  }

 private:
  using Items = std::deque<typename Inbox<Kind>::Item>;

  /// On the poller's thread. Returns whether to go on.
  static bool Fill(const packet::Socket& socket, const std::shared_ptr<Inbox<Kind>>& inbox,
                   Reactor& reactor, const std::weak_ptr<Channel>& channel) {
    std::exception_ptr failure;
    std::vector<typename Inbox<Kind>::Item> arrived;
    size_t dropped = 0;
    try {
      socket.Receive([&](const packet::Socket::Frame& frame) {
        if (auto decoded = Kind::kDecode(frame.bytes)) {
          arrived.push_back({.frame = *decoded, .received_ms = frame.received_ms});
        }
      });
      dropped = socket.TakeDropped();
    } catch (...) {
      failure = std::current_exception();
    }
    if (arrived.empty() && !failure && dropped == 0) return true;
    {
      const std::lock_guard lock(inbox->mutex);
      for (auto& item : arrived) {
        if (inbox->items.size() < kMostWaiting) {
          inbox->items.push_back(std::move(item));
        } else {
          ++inbox->dropped;
        }
      }
      inbox->dropped += dropped;
      inbox->failure = failure;
      if (std::exchange(inbox->told, true)) return !failure;
    }
    reactor.Post([channel](Napi::Env env) {
      if (const auto alive = channel.lock()) alive->Look(env);
    });
    return !failure;
  }

  Napi::Value Send(const Napi::CallbackInfo& info) {
    const auto bytes = BytesArgument(info, 0, "frame");
    if (closed_) throw Napi::Error::New(info.Env(), "the socket is closed");
    return PromiseWorker<double>::Run(
        info.Env(),
        [socket = socket_, frame = std::vector<std::byte>(bytes.begin(), bytes.end())] {
          const double now = packet::NowMs();
          socket->Send(frame);
          return now;
        },
        [](Napi::Env env, double& sent_ms) { return Napi::Number::New(env, sent_ms); });
  }

  Napi::Value Receive(Napi::Env env) {
    if (reader_) throw Napi::Error::New(env, "one receive() at a time");
    reader_ = Napi::Promise::Deferred::New(env);
    reactor_.Hold(this->shared_from_this());
    const Napi::Promise promise = reader_->Promise();
    Look(env);
    return promise;
  }

  void Close(Napi::Env env) {
    closed_ = true;
    if (watch_) poller_->Cancel(*std::exchange(watch_, std::nullopt));
    socket_.reset();
    Look(env);
  }

  /// Gives the reader, if there is one, what has arrived, or the end.
  void Look(Napi::Env env) {
    Items items;
    size_t dropped = 0;
    std::exception_ptr failure;
    {
      const std::lock_guard lock(inbox_->mutex);
      inbox_->told = false;
      if (!reader_) return;
      items.swap(inbox_->items);
      dropped = std::exchange(inbox_->dropped, 0);
      failure = inbox_->failure;
    }
    if (items.empty()) {
      if (closed_) {
        TakeReader().Resolve(env.Null());
      } else if (failure) {
        TakeReader().Reject(ToJavaScript(env, failure).Value());
      }
      return;
    }
    const Napi::Array frames = Napi::Array::New(env, items.size());
    for (size_t index = 0; index < items.size(); ++index) {
      const Napi::HandleScope scope(env);
      Napi::Object frame = napi::ToObject(env, items[index].frame);
      frame.Set("receivedMs", Napi::Number::New(env, items[index].received_ms));
      frames.Set(static_cast<uint32_t>(index), frame);
    }
    Napi::Object batch = Napi::Object::New(env);
    batch.Set("frames", frames);
    batch.Set("dropped", Napi::Number::New(env, static_cast<double>(dropped)));
    TakeReader().Resolve(batch);
  }

  Napi::Promise::Deferred TakeReader() {
    const Napi::Promise::Deferred reader = *reader_;
    reader_.reset();
    reactor_.Release(this->shared_from_this());
    return reader;
  }

  Reactor& reactor_;
  std::shared_ptr<Poller> poller_;
  std::shared_ptr<packet::Socket> socket_;
  std::shared_ptr<Inbox<Kind>> inbox_ = std::make_shared<Inbox<Kind>>();
  std::optional<uint64_t> watch_;
  std::optional<Napi::Promise::Deferred> reader_;
  bool closed_ = false;
};

packet::LinkReference LinkArgument(const Napi::CallbackInfo& info, size_t index) {
  if (info[index].IsString()) return StringArgument(info, index, "link");
  return static_cast<int>(Uint32Argument(info, index, "link"));
}

template <typename Kind>
Napi::Value Open(const Napi::CallbackInfo& info) {
  return PromiseWorker<packet::Socket>::Run(
      info.Env(),
      [link = LinkArgument(info, 0), netns = NamespaceArgument(info, 1)] {
        return packet::Socket(Kind::kProtocol, link, netns);
      },
      [](Napi::Env env, packet::Socket& socket) -> Napi::Value {
        const auto channel = std::make_shared<Channel<Kind>>(env, std::move(socket));
        channel->Start();
        return channel->ToObject(env);
      });
}

}  // namespace

void InitPacket(Napi::Env env, Napi::Object exports) {
  exports.Set("openArp", Napi::Function::New<Open<Arp>>(env, "openArp"));
  exports.Set("openNdp", Napi::Function::New<Open<Ndp>>(env, "openNdp"));
  InitPacketFrames(env, exports);
}

}  // namespace lvskit::napi
