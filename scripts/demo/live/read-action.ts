import type { IncomingMessage } from 'node:http';
import type { Refusal } from './request-guard.ts';

/** The action of a button. */
export interface ActionAsked {
  action: string;
  fields: Record<string, string>;
}

const mostBytes = 2_000;

/**
 * Parses the body of an action: short JSON with a name and text
 * fields. The panel validates the names and values.
 */
export async function readAction(request: IncomingMessage): Promise<ActionAsked | Refusal> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostBytes) return { status: 413, reason: 'Too long for an action.' };
    parts.push(part);
  }
  try {
    const body = JSON.parse(Buffer.concat(parts).toString()) as Partial<ActionAsked>;
    const { action, fields = {} } = body;
    if (typeof action === 'string' && Object.values(fields).every((value) => typeof value === 'string')) {
      return { action, fields };
    }
  } catch {
    // Reported below.
  }
  return { status: 400, reason: 'An action is {"action": "...", "fields": {...}}.' };
}
