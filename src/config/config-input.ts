import type { ForwardingMethod } from '../ipvs/destination.ts';
import type { SchedulerFlag } from '../ipvs/flags.ts';
import type { CheckInput, CheckItemInput } from './check-input.ts';
import type { HookInput } from './hooks.ts';
import type { StorageInput } from './storage.ts';

/** What `lvskit.yaml` holds once its shape is known to be right; its values may still be wrong. */
export interface ConfigInput extends IncludedInput {
  readonly director?: DirectorInput | undefined;
  readonly control?: ControlInput | undefined;
  readonly metrics?: MetricsInput | undefined;
  readonly storage?: readonly StorageInput[] | undefined;
  readonly hooks?: readonly HookInput[] | undefined;
}

/** What a file can hold that another includes. */
export interface IncludedInput {
  readonly include?: string | readonly string[] | undefined;
  readonly defaults?: SettingsInput | undefined;
  readonly services?: readonly ServiceInput[] | undefined;
}

export interface DirectorInput {
  readonly interface?: string | undefined;
  readonly vips?: 'own' | 'leave' | undefined;
  readonly 'on-stop'?: 'leave' | 'flush' | undefined;
  readonly drift?: 'correct' | 'report' | undefined;
  readonly 'state-directory'?: string | undefined;
  readonly 'history-size'?: string | undefined;
}

export interface ControlInput {
  readonly socket?: string | undefined;
  readonly group?: string | undefined;
}

export interface MetricsInput {
  readonly listen: string;
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
export interface SettingsInput extends ServerSettingsInput, PolicyInput {
  readonly scheduler?: string | undefined;
  readonly 'scheduler-flags'?: readonly SchedulerFlag[] | undefined;
  readonly persistence?: PersistenceInput | undefined;
  readonly 'one-packet'?: boolean | undefined;
}

/** What becomes of a service as its servers come and go. */
export interface PolicyInput {
  readonly quorum?: number | QuorumInput | undefined;
  readonly fallback?: false | string | FallbackInput | undefined;
  readonly 'on-failure'?: 'inhibit' | 'remove' | undefined;
  readonly 'on-all-down'?: 'keep' | 'fallback' | 'down' | undefined;
  readonly panic?: string | undefined;
  readonly 'slow-start'?: string | undefined;
  readonly 'drain-timeout'?: string | undefined;
}

export interface QuorumInput {
  readonly weight: number;
  readonly hysteresis?: number | undefined;
}

export interface FallbackInput {
  readonly address: string;
  readonly port?: number | undefined;
  readonly forwarding?: ForwardingMethod | undefined;
  readonly tunnel?: TunnelInput | undefined;
}

/** What can stand in `defaults:`, in a service and in a server. */
export interface ServerSettingsInput extends HealthInput {
  readonly forwarding?: ForwardingMethod | undefined;
  readonly weight?: number | undefined;
  readonly thresholds?: ThresholdsInput | undefined;
  readonly tunnel?: TunnelInput | undefined;
}

/** How to know whether a server works. Only one of the two can stand in one place. */
export interface HealthInput {
  readonly check?: CheckInput | undefined;
  readonly checks?: readonly CheckItemInput[] | undefined;
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
