// Netlink messages, written into memory that the caller has made large enough.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { kMaxMessage = 256 };

/// The number of the IPVS family, once OpenSocket() has found it.
extern uint16_t family;
/// That of the message begun last.
extern uint32_t sequence;

/// All of these return where the next byte goes.
char* BeginMessage(char* at, uint8_t command, uint16_t flags);
void EndMessage(char* message, const char* end);
char* BeginNest(char* at, int type);
void EndNest(char* nest, const char* end);
char* PutAttribute(char* at, int type, const void* value, size_t length);
char* Put16(char* at, int type, uint16_t value);
char* Put32(char* at, int type, uint32_t value);

/// Says what went wrong, with errno, and ends the program.
_Noreturn void Die(const char* what);
