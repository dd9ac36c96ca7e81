/** One write, in no client's words, and what it must come to. */
import type { Changes, Content, KindName } from './kinds.ts';
import { Model, type Outcome } from './model.ts';

interface To {
  kind: KindName;
  name: string;
  /** Asked of the server, which must change nothing. */
  dryRun?: boolean;
}

export type Write = To &
  (
    | { verb: 'create' | 'replace' | 'apply'; content: Content }
    /** A replacement of a version long gone. */
    | { verb: 'replace stale'; content: Content }
    | { verb: 'server-side apply'; content: Content; manager: string; force: boolean }
    | { verb: 'merge' | 'strategic' | 'json' | 'label' | 'annotate'; changes: Changes }
    /** A JSON patch for objects that hold something else than it says. */
    | { verb: 'json untrue'; changes: Changes }
    | { verb: 'scale'; replicas: string }
    | { verb: 'delete' }
  );

/** Does it to the model. @returns what the server has to answer */
export function expect(model: Model, write: Write): Outcome {
  return write.dryRun === true ? done(model.copy(), write) : done(model, write);
}

function done(model: Model, write: Write): Outcome {
  const { kind, name } = write;
  switch (write.verb) {
    case 'create':
    case 'replace':
    case 'apply':
      return model[write.verb](kind, name, write.content);
    case 'replace stale':
      return model.contentOf(kind, name) === undefined ? 404 : 409;
    case 'json untrue':
      return model.contentOf(kind, name) === undefined ? 404 : 422;
    case 'server-side apply':
      return model.serverSideApply(kind, name, write.content, write.manager, write.force);
    case 'scale':
      return model.patch(kind, name, new Map([['fields replicas', write.replicas]]));
    case 'delete':
      return model.delete(kind, name);
    default:
      return model.patch(kind, name, write.changes);
  }
}

/** For a message. */
export function describe({ verb, kind, name, dryRun, ...rest }: Write): string {
  const more = Object.entries(rest).map(([key, value]) =>
    value instanceof Map ? JSON.stringify(Object.fromEntries(value)) : `${key}=${String(value)}`,
  );
  return [verb, kind, name, ...more, ...(dryRun === true ? ['(dry run)'] : [])].join(' ');
}
