import type { AgentState } from '../health/agent-words.ts';
import type { ServiceMode } from '../health/health-event.ts';
import type { Override } from '../health/server-health.ts';
import type { DirectorEvent } from './director-event.ts';

/** How much an event matters: something is wrong, worth a look, in the course of things, for details. */
export type EventLevel = 'error' | 'warning' | 'info' | 'debug';

/** How much an event matters. */
export function levelOf(event: DirectorEvent): EventLevel {
  switch (event.event) {
    case 'trouble':
    case 'reload-failed':
    case 'service-refused':
      return 'error';
    case 'server-down':
    case 'quorum-lost':
    case 'check-warning':
    case 'drift':
      return 'warning';
    case 'service-mode':
      return event.after === 'serving' || event.after === 'idle' ? 'info' : 'warning';
    case 'check-down':
    case 'check-up':
    case 'table-changed':
      return 'debug';
    default:
      return 'info';
  }
}

/** An event as one line for people. */
export function eventText(event: DirectorEvent): string {
  switch (event.event) {
    case 'started':
      return `lvskit ${event.version} directs ${count(event.services, 'service')}`;
    case 'stopped':
      return `stopped: ${event.reason}`;
    case 'reloaded':
      return `configuration loaded: ${count(event.services, 'service')}, ${count(event.changes, 'change')} to the table`;
    case 'reload-failed':
      return `the configuration is refused, the one before goes on: ${event.reason}`;
    case 'table-changed':
      return `${count(event.changes, 'change')} made to the table`;
    case 'drift': {
      const left = event.corrected ? 'undone' : 'left';
      const more = event.count - event.changes.length;
      const lines = more > 0 ? [...event.changes, `and ${more} more`] : event.changes;
      return `somebody else has changed the table, which is ${left}: ${lines.join('; ')}`;
    }
    case 'service-refused':
      return `the kernel does not take ${event.service} as it should be: ${event.reason}`;
    case 'service-accepted':
      return `the kernel has ${event.service} as it should be again`;
    case 'override': {
      const change = `${overrideText(event.before)} -> ${overrideText(event.after)}`;
      return `${event.service} ${event.server}: ${change}, by ${event.by}`;
    }
    case 'drained':
      return `${event.service} ${event.server} is drained: no connection is left`;
    case 'vip-added':
      return `VIP ${event.vip} is on ${event.link}`;
    case 'vip-removed':
      return `VIP ${event.vip} is off ${event.link}`;
    case 'trouble':
      return event.reason;
    case 'check-up':
    case 'check-down': {
      const verdict = event.event === 'check-up' ? 'passes' : 'fails';
      return `${event.service} ${event.server}: ${event.check} ${verdict}: ${event.detail} (${event.code})`;
    }
    case 'server-up':
    case 'server-down': {
      const state = event.event === 'server-up' ? 'up' : 'down';
      const after = event.afterMs === undefined ? '' : ` after ${duration(event.afterMs)}`;
      return `${event.service} ${event.server} is ${state}${after}: ${event.reason}`;
    }
    case 'agent-changed': {
      return `${event.service} ${event.server}: its agent says ${agentText(event.after)}`;
    }
    case 'check-warning':
      return `${event.service} ${event.server}: ${event.warning}`;
    case 'quorum-lost':
    case 'quorum-gained': {
      const has = event.event === 'quorum-lost' ? 'has no quorum' : 'has its quorum';
      return `${event.service} ${has}: ${event.weight} of ${event.quorum}`;
    }
    case 'service-mode':
      return `${event.service} ${modeTexts[event.after]}`;
  }
}

const modeTexts: Readonly<Record<ServiceMode, string>> = {
  serving: 'is served by its servers',
  fallback: 'is served by its fallback',
  panic: 'keeps its servers as they were: so many fail that the checks are not believed',
  down: 'is not served: every server is down',
  idle: 'is not served: no server is to serve',
};

function agentText({ up, reason, mode, weight, percent }: AgentState): string {
  const words = [up ? 'up' : `down${reason === undefined ? '' : `: ${reason}`}`];
  if (mode !== 'ready') words.push(mode);
  if (weight !== undefined) words.push(`weight ${weight}`);
  else if (percent !== undefined) words.push(`${percent}% of its weight`);
  return words.join(', ');
}

function overrideText({ mode, weight }: Override): string {
  return weight === undefined ? mode : `${mode} with weight ${weight}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function duration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  return `${Math.round(seconds / 3600)}h`;
}
