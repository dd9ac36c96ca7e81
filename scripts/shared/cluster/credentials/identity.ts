/** Who a request comes from. */

export type Headers = Record<string, string | string[]>;

export interface Identity {
  /** Authorization, Impersonate-*: several values are several headers of one name. */
  headers: Headers;
  /** PEM, both or none. */
  cert: string | undefined;
  key: string | undefined;
  /** The answer of a login command that it was made from. */
  login?: Login;
}

/** What a login command has given. */
export interface Login {
  /** Empty when it gave a certificate only. */
  token: string;
  cert: string | undefined;
  key: string | undefined;
  /** Milliseconds since 1970; undefined: for ever. */
  expiresAt: number | undefined;
}

export interface Credentials {
  /**
   * What the next request is to carry. May run a login command, and then take its time.
   * @throws {CommandError} that names what is missing or failed
   */
  current(signal?: AbortSignal): Promise<Identity>;
  /** Other credentials than these, which the server has just refused (401); undefined when there can be none. */
  renewed(refused: Identity, signal?: AbortSignal): Promise<Identity | undefined>;
}
