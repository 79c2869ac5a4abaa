// The table as the kernel has it, every field of it.
#pragma once

#include <stdint.h>

/// Reads all services and destinations; returns how many there are of both.
unsigned long List(void);

/// Ends the program unless the table has so many of each, every destination with this weight.
void Verify(uint32_t services, uint32_t destinations, uint32_t weight);
