// A real server of the bench, or all of them: answers whoever connects to a port, on one address or
// every address of the namespace, with as little of its own as can be. It accepts, says the same page to whoever asks
// something, and closes when the other side does or after the page.
//
//   listener PORT [ADDRESS]
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char kPage[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

static void Die(const char* what) {
  fprintf(stderr, "listener: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void Watch(int epoll, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) Die("epoll_ctl");
}

static int Listen(const char* port, const char* address_text) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) Die("socket");
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port))};
  if (inet_pton(AF_INET, address_text, &address.sin_addr) != 1) Die(address_text);
  if (bind(listener, (const struct sockaddr*)&address, sizeof address) != 0) Die("bind");
  if (listen(listener, 4096) != 0) Die("listen");
  return listener;
}

int main(int count, char** arguments) {
  if (count != 2 && count != 3) {
    fputs("usage: listener PORT [ADDRESS]\n", stderr);
    return 2;
  }
  const int listener = Listen(arguments[1], count == 3 ? arguments[2] : "0.0.0.0");
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) Die("epoll_create1");
  Watch(epoll, listener);
  for (;;) {
    struct epoll_event events[256];
    const int ready = epoll_wait(epoll, events, 256, -1);
    if (ready < 0 && errno != EINTR) Die("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const int descriptor = events[i].data.fd;
      if (descriptor == listener) {
        int connection;
        while ((connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          Watch(epoll, connection);
        }
        continue;
      }
      char asked[4096];
      if (recv(descriptor, asked, sizeof asked, 0) > 0) {
        send(descriptor, kPage, sizeof kPage - 1, MSG_NOSIGNAL);
      }
      close(descriptor);
    }
  }
}
