import {
  type NamespaceReference,
  namespaceArgument,
  namespaceError,
} from './namespace-reference.ts';

/** The descriptor of a namespace for the length of one operation; closed with it if it is ours. */
export interface OpenNamespace extends AsyncDisposable {
  readonly descriptor: number | undefined;
}

/**
 * Opens the namespace that a message to the kernel is to name.
 *
 * @throws NetworkError `NETWORK_NAMESPACE_NOT_FOUND`, a sentence beginning with `action`.
 */
export async function openNamespace(
  reference: NamespaceReference | undefined,
  action: string,
): Promise<OpenNamespace> {
  const argument = namespaceArgument(reference);
  if (typeof argument !== 'string') {
    return { descriptor: argument, [Symbol.asyncDispose]: async () => {} };
  }
  try {
    const { open } = process.getBuiltinModule('node:fs/promises');
    const file = await open(argument);
    return { descriptor: file.fd, [Symbol.asyncDispose]: () => file.close() };
  } catch (failure) {
    throw namespaceError(action, reference, failure);
  }
}
