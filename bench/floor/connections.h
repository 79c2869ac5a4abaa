// The connection table: how to fill it, and the least it takes to read.
#pragma once

/// Adds so many connections, as the master of a sync daemon would; the backup has to listen on the
/// link with this address, in the same namespace. Ends when the kernel has them all.
unsigned long FeedConnections(unsigned long count, const char* address);

/// Reads all of /proc/net/ip_vs_conn; returns how many connections there are.
unsigned long ReadConnections(void);
