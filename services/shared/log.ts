import { printableJson } from './printable.ts';

/** One JSON line per event: a stable `msg`, and fields. */
export interface Log {
  debug(msg: string, fields?: Fields): void;
  info(msg: string, fields?: Fields): void;
  warn(msg: string, fields?: Fields): void;
  error(msg: string, fields?: Fields): void;
}

export type Fields = Record<string, unknown>;

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  /** Events below this level are not written. */
  level: LogLevel;
  /** Fields of every line, such as the version and the pod. */
  always: Fields;
  write: (line: string) => void;
}

/** Writes events at or above `level` as JSON lines; errors become `{name, message, code, stack}`. */
export function createLog({ level, always, write }: LogOptions): Log {
  const lowest = logLevels.indexOf(level);
  const at =
    (name: LogLevel) =>
    (msg: string, fields: Fields = {}): void => {
      if (logLevels.indexOf(name) < lowest) return;
      const event = { time: new Date().toISOString(), level: name, msg, ...always, ...fields };
      write(`${printableJson(event, errorsAsFields)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** For tests and for parts that have nobody to tell. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Nothing listens.
}

function errorsAsFields(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { name, message, stack } = value;
  return { name, message, ...('code' in value ? { code: value.code } : {}), stack };
}
