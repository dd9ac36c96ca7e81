/** Who a request comes from. */

export type Headers = Record<string, string | string[]>;

export interface Identity {
  /** Authorization, Impersonate-*: several values are several headers of one name. */
  headers: Headers;
  /** PEM, both or none. */
  cert: string | undefined;
  key: string | undefined;
  /** The credential of a login command that it was made from. */
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
   * The identity of the next request. May run a login command, which can take minutes.
   * @throws {CommandError} that names what is missing or failed
   */
  current(signal?: AbortSignal): Promise<Identity>;
  /**
   * New credentials in place of these, which the server has just
   * refused (401); undefined when there are no others.
   */
  renewed(refused: Identity, signal?: AbortSignal): Promise<Identity | undefined>;
}
