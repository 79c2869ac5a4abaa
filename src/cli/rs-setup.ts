#!/usr/bin/env node
import { rsSetupProgram } from './rs-setup/tree.ts';
import { start } from './start.ts';

await start(rsSetupProgram);
