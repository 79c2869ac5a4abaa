// Which services and destinations the bench works on; bench/workload.mjs has the same plan.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { kFirstWeight = 1, kSecondWeight = 5 };

/// Requests of the plan; each returns where the next byte goes.
char* PutNewService(char* at, uint32_t service);
char* PutDestination(char* at, uint8_t command, uint32_t service, uint32_t number, uint32_t weight);

/// The plan as `ipvsadm -R` reads it: everything added, or every weight edited.
void PrintRules(bool load, uint32_t services, uint32_t destinations);
