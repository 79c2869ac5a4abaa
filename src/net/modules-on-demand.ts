import { loadModule } from './modules.ts';
import { NetworkError, type NetworkErrorCode } from './network-error.ts';

/**
 * Does something that takes a kernel module which the kernel does not load by itself: when it fails
 * as it does without the module, loads it, and if that changed anything, tries again.
 *
 * @param code What the failure without the module looks like.
 * @throws NetworkError of the work, or of the loading where that failed.
 */
export async function withModule<Result>(
  name: string,
  work: () => Promise<Result>,
  code: NetworkErrorCode = 'NETWORK_UNSUPPORTED',
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NetworkError) || error.code !== code) throw error;
    let loaded = false;
    try {
      loaded = await loadModule(name);
    } catch (failure) {
      const why = failure instanceof Error ? failure.message : String(failure);
      throw new NetworkError('NETWORK_UNSUPPORTED', `${error.message}; ${why}`, {
        cause: error,
        errno: error.errno,
        kernelMessage: error.kernelMessage,
      });
    }
    if (!loaded) throw error;
    return await work();
  }
}
