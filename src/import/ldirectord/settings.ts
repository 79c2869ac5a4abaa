import type { Directive } from '../../formats/ldirectord/parse.ts';
import { type DirectiveNotes, fail, numberOf, yesOrNo } from './directives.ts';

/** What holds for a virtual service, of its own or for all. */
export interface Settings {
  checkTimeout?: number;
  negotiateTimeout?: number;
  checkInterval?: number;
  checkCount?: number;
  failureCount?: number;
  quiescent?: boolean;
  /** The directive that says it. */
  fallback?: Directive;
  fallback6?: Directive;
}

/** What is said for all, and of that alone. */
export interface GlobalSettings extends Settings {
  fork: boolean;
}

const longest = 86_400;

const withoutEqual: Readonly<Record<string, string>> = {
  autoreload: 'the director reads its configuration anew when it is told to',
  callback: 'programs are not run when the configuration changes',
  logfile: 'events go to the journal',
  execute: 'every configuration has a director of its own',
  supervised: 'the director always stays in front',
  readdquiescent:
    'a server that is down and not in the table is put there with weight 0, with quiescent = yes',
  cleanstop: 'director: { on-stop: flush } clears the table on stop; leave, the default, keeps it',
  maintenancedir: 'a server is taken out by hand with the director running, not by a file',
  emailalert: 'no mail is sent',
  emailalertfrom: 'no mail is sent',
  emailalertfreq: 'no mail is sent',
  emailalertstatus: 'no mail is sent',
  smtp: 'no mail is sent',
  fallbackcommand: 'scripts are not run when something changes; what changes can be read as events',
  monitorfile: 'checks are not written to a file; what changes can be read as events',
  comment: 'services have no notes but comments',
  load: 'ldirectord does nothing with it either',
};

/** Reads what both a virtual service and the whole can have. @returns Whether it was that. */
export function readSetting(
  directive: Directive,
  settings: Settings,
  notes: DirectiveNotes,
): boolean {
  switch (directive.name) {
    case 'checktimeout':
      settings.checkTimeout = numberOf(directive, 1, longest);
      break;
    case 'negotiatetimeout':
      settings.negotiateTimeout = numberOf(directive, 1, longest);
      break;
    case 'checkinterval':
      settings.checkInterval = numberOf(directive, 1, longest);
      break;
    case 'checkcount':
      settings.checkCount = numberOf(directive, 1, 1000);
      break;
    case 'failurecount':
      settings.failureCount = numberOf(directive, 1, 1000);
      break;
    case 'quiescent':
      settings.quiescent = yesOrNo(directive);
      break;
    case 'fallback':
      settings.fallback = directive;
      break;
    case 'fallback6':
      settings.fallback6 = directive;
      break;
    case 'connecttimeout':
    case 'timeout':
      return fail(
        directive,
        'is no longer taken by ldirectord: checktimeout and negotiatetimeout are',
      );
    default: {
      const message = withoutEqual[directive.name];
      if (message === undefined) return false;
      notes.leaveOut(directive, message);
      return true;
    }
  }
  notes.map(directive);
  return true;
}

/** Time-outs stand in for each other, in the order in which ldirectord looks for them. */
export function timeoutsOf(own: Settings, all: Settings): { check: number; negotiate: number } {
  return {
    check:
      own.checkTimeout ?? own.negotiateTimeout ?? all.checkTimeout ?? all.negotiateTimeout ?? 5,
    negotiate:
      own.negotiateTimeout ?? own.checkTimeout ?? all.negotiateTimeout ?? all.checkTimeout ?? 30,
  };
}
