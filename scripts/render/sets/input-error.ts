/** Invalid input: the message is one line with file, position and the way out. */
export class InputError extends Error {
  /**
   * The exit code: 1 where kontemplate fails too (its code for everything), 2 for what only this renderer
   * refuses (duplicate keys, NUL bytes, oversized files, loops).
   */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InputError';
    this.exitCode = exitCode;
  }
}
