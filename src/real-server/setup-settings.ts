import { checkSettings, modeNames, type RealServerSettings, setupName } from './settings.ts';
import {
  checkStorage,
  type StorageSettings,
  storageName,
  storageTitle,
} from './storage/settings.ts';

/** What a setup is of: VIPs that are served, or storage that is served from. */
export type SetupSettings = RealServerSettings | StorageSettings;

/** @throws RealServerError `REAL_SERVER_INVALID` with everything that is wrong. */
export function checkSetup(settings: SetupSettings): SetupSettings {
  return settings.mode === 'storage' ? checkStorage(settings) : checkSettings(settings);
}

/** What a setup is called when nobody names it. */
export function nameOfSetup(settings: SetupSettings): string {
  return settings.mode === 'storage' ? storageName(settings.storage) : setupName(settings);
}

/** What a setup is, in a few words. */
export function titleOf(settings: SetupSettings): string {
  return settings.mode === 'storage'
    ? storageTitle(settings.storage)
    : `${modeNames[settings.mode]} for ${settings.vips.join(', ')}`;
}

/** The first words of what keeps a setup from being made. */
export function actionOf(settings: SetupSettings): string {
  return settings.mode === 'storage'
    ? `cannot set up ${storageTitle(settings.storage)}`
    : `cannot set up ${modeNames[settings.mode]}`;
}
