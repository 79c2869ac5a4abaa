/** Thrown for input that cannot be right; the message says where. */
export class InputError extends Error {
  static {
    InputError.prototype.name = 'InputError';
  }

  readonly code = 'INPUT_INVALID';
}
