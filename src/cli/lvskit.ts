#!/usr/bin/env node
import { lvskitProgram } from './named-program.ts';
import { start } from './start.ts';

await start(lvskitProgram);
