import type { ForwardingMethod } from '../ipvs/destination.ts';
import type { SchedulerFlag } from '../ipvs/flags.ts';

/** What `lvskit.yaml` holds once its shape is known to be right; its values may still be wrong. */
export interface ConfigInput {
  readonly defaults?: SettingsInput | undefined;
  readonly services: readonly ServiceInput[];
}

export interface ServiceInput extends SettingsInput {
  readonly name?: string | undefined;
  readonly listen: string;
  readonly servers?: readonly ServerInput[] | undefined;
}

export type ServerInput = string | ServerObjectInput;

export interface ServerObjectInput extends ServerSettingsInput {
  readonly address: string;
  readonly port?: number | undefined;
}

/** What can stand in `defaults:` and in a service. */
export interface SettingsInput extends ServerSettingsInput {
  readonly scheduler?: string | undefined;
  readonly 'scheduler-flags'?: readonly SchedulerFlag[] | undefined;
  readonly persistence?: PersistenceInput | undefined;
  readonly 'one-packet'?: boolean | undefined;
}

/** What can stand in `defaults:`, in a service and in a server. */
export interface ServerSettingsInput {
  readonly forwarding?: ForwardingMethod | undefined;
  readonly weight?: number | undefined;
  readonly thresholds?: ThresholdsInput | undefined;
  readonly tunnel?: TunnelInput | undefined;
}

export interface ThresholdsInput {
  readonly upper?: number | undefined;
  readonly lower?: number | undefined;
}

export type PersistenceInput =
  | false
  | string
  | {
      readonly timeout?: string | undefined;
      readonly netmask?: number | string | undefined;
      readonly engine?: string | undefined;
    };

export type TunnelInput =
  | 'ipip'
  | { readonly type: 'ipip' }
  | {
      readonly type: 'gue';
      readonly port: number;
      readonly checksum?: 'none' | 'full' | 'remote' | undefined;
    }
  | { readonly type: 'gre'; readonly checksum?: 'none' | 'full' | undefined };
