import type { CommandModule } from './command-context.ts';

/** A command that does something. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded when the command is the one that is run, so that no command waits for another. */
  readonly load: () => Promise<CommandModule>;
}

/** A word that others follow, as `add` in `lvskit add service`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandNode[];
}

export type CommandNode = CommandEntry | CommandGroup;

/** Every command of `lvskit`: what is run, helped with, completed and described from one place. */
export const commandTree: readonly CommandNode[] = [
  {
    name: 'list',
    summary: 'show the services and their real servers',
    load: () => import('./commands/list.ts'),
  },
  {
    name: 'connections',
    summary: 'show the connections, or count them',
    load: () => import('./commands/connections.ts'),
  },
  {
    name: 'save',
    summary: 'write the table to a file',
    load: () => import('./commands/save.ts'),
  },
  {
    name: 'restore',
    summary: 'make the table what a file says',
    load: () => import('./commands/restore.ts'),
  },
  {
    name: 'check',
    summary: 'say whether a configuration is right, and what is wrong with it',
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'plan',
    summary: 'show what would make the table what a configuration says',
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'apply',
    summary: 'make the table what a configuration says',
    load: () => import('./commands/apply.ts'),
  },
  {
    name: 'import',
    summary: 'make a configuration of that of another program',
    commands: [
      {
        name: 'keepalived',
        summary: 'make a configuration of keepalived.conf',
        load: () => import('./commands/import-keepalived.ts'),
      },
      {
        name: 'ldirectord',
        summary: 'make a configuration of ldirectord.cf',
        load: () => import('./commands/import-ldirectord.ts'),
      },
      {
        name: 'ipvsadm',
        summary: 'make a configuration of rules or a script of ipvsadm',
        load: () => import('./commands/import-ipvsadm.ts'),
      },
    ],
  },
  {
    name: 'run',
    summary: 'be the director that a configuration declares',
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'status',
    summary: 'show how the director, its services and servers stand',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'top',
    summary: 'watch services and servers live, and operate them',
    load: () => import('./commands/top.ts'),
  },
  {
    name: 'drain',
    summary: 'give a server no new connections, and wait for its last',
    load: () => import('./commands/drain.ts'),
  },
  {
    name: 'ready',
    summary: 'put a server back into service',
    load: () => import('./commands/ready.ts'),
  },
  {
    name: 'maint',
    summary: 'take a server out of service',
    load: () => import('./commands/maint.ts'),
  },
  {
    name: 'weight',
    summary: 'give a server another weight',
    load: () => import('./commands/weight.ts'),
  },
  {
    name: 'reload',
    summary: 'have the director load its configuration again',
    load: () => import('./commands/reload.ts'),
  },
  {
    name: 'events',
    summary: 'show what happens',
    load: () => import('./commands/events.ts'),
  },
  {
    name: 'history',
    summary: 'show what has happened, and how available everything was',
    load: () => import('./commands/history.ts'),
  },
  {
    name: 'add',
    summary: 'add a service, or a real server to one',
    commands: [
      {
        name: 'service',
        summary: 'add a virtual service',
        load: () => import('./commands/add-service.ts'),
      },
      {
        name: 'destination',
        summary: 'add a real server to a service',
        load: () => import('./commands/add-destination.ts'),
      },
    ],
  },
  {
    name: 'edit',
    summary: 'change a service, or a real server of one',
    commands: [
      {
        name: 'service',
        summary: 'change the settings of a virtual service',
        load: () => import('./commands/edit-service.ts'),
      },
      {
        name: 'destination',
        summary: 'change the settings of a real server',
        load: () => import('./commands/edit-destination.ts'),
      },
    ],
  },
  {
    name: 'remove',
    summary: 'remove a service, or a real server from one',
    commands: [
      {
        name: 'service',
        summary: 'remove a virtual service with its servers',
        load: () => import('./commands/remove-service.ts'),
      },
      {
        name: 'destination',
        summary: 'remove a real server from a service',
        load: () => import('./commands/remove-destination.ts'),
      },
    ],
  },
  {
    name: 'flush',
    summary: 'remove every service',
    load: () => import('./commands/flush.ts'),
  },
  {
    name: 'doctor',
    summary: 'find what keeps services from working, and say what mends it',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'lab',
    summary: 'build a lab of network namespaces and balance real connections in it',
    load: () => import('./commands/lab.ts'),
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of lvskit.yaml',
    load: () => import('./commands/schema.ts'),
  },
  {
    name: 'completion',
    summary: 'print the completion of commands and options for a shell',
    load: () => import('./commands/completion.ts'),
  },
];
