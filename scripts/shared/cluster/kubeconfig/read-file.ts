/** One kubeconfig file, read as kubectl reads it. */
import { messageOf } from '../../errors.ts';
import { NotReadableError, readRegularFile } from '../../regular-file.ts';
import { config } from './fields.ts';
import type { ClusterFields, ContextFields, UserFields } from './fields.ts';
import { parseAsKubectl } from './yaml-as-kubectl.ts';

/** An entry and its file: relative paths in it start from the file's folder. */
export type From<T> = T & { file: string };

export interface Kubeconfig {
  currentContext: string;
  clusters: Map<string, From<ClusterFields>>;
  users: Map<string, From<UserFields>>;
  contexts: Map<string, From<ContextFields>>;
}

/** Upper bound: a kubeconfig of a hundred clusters with certificates has less than 1 MB. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * With `text`, the file has been read already.
 * @throws Error `<file> is not a usable kubeconfig: …` when it cannot be read or is not a kubeconfig
 */
export function readKubeconfig(file: string, { text }: { text?: string } = {}): Kubeconfig {
  try {
    const read = config(parseAsKubectl(text ?? decoded(readRegularFile(file, { maxBytes: MAX_BYTES }))), '');
    const { kind, apiVersion } = read;
    if ((kind !== '' && kind !== 'Config') || (apiVersion !== '' && apiVersion !== 'v1'))
      throw new Error(`it is a ${apiVersion || 'v1'} ${kind || 'Config'}, not a v1 Config`);
    return {
      currentContext: read['current-context'],
      clusters: from(file, read.clusters),
      users: from(file, read.users),
      contexts: from(file, read.contexts),
    };
  } catch (error) {
    const why = error instanceof NotReadableError ? `it ${error.message}` : messageOf(error);
    throw new Error(`${file} is not a usable kubeconfig: ${why}`, { cause: error });
  }
}

/** UTF-8, or what the byte order mark says: PowerShell writes UTF-16. Throws for any other encoding. */
function decoded(bytes: Buffer): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}

function from<T>(file: string, entries: Map<string, T>): Map<string, From<T>> {
  return new Map([...entries].map(([name, fields]) => [name, { ...fields, file }]));
}
