// One generic netlink socket and the answers to what is sent on it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct nlmsghdr;
typedef void Handler(const struct nlmsghdr* message);

void OpenSocket(void);
void Send(const char* from, const char* to);

/// Hands every answer up to the end of request `last` to `handle`; a refusal ends the program.
void ReceiveUntil(uint32_t last, Handler* handle);

/// What the environment variable says, or `fallback`.
unsigned Setting(const char* name, unsigned fallback);
