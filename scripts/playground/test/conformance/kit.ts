import assert from 'node:assert/strict';
import type { Cluster } from '../../../shared/cluster/cluster.ts';
import type { Transport } from '../../../shared/cluster/transport.ts';
import { waitFor } from '../../../shared/wait.ts';
import { at, isReady, pathOf, typeOf, type Thing } from './objects.ts';
import { PROGRAM } from './program.ts';
import { record, type Recording } from './recording.ts';

export interface Answer {
  status: number;
  body: Thing;
  text: string;
  headers: Record<string, string>;
}

export interface Request {
  body?: unknown;
  contentType?: string;
  query?: Record<string, string>;
}

/** Something the suite's program said on stdout. */
export interface Line {
  at: number;
  what: string;
  [field: string]: unknown;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Json = Record<string, unknown>;

export interface KitOptions {
  cluster: Cluster;
  transport: Transport;
  namespace: string;
  /** Namespaces whose pods get a sidecar, where there is Istio. */
  meshNamespace: string | undefined;
  /** Unique per behaviour: the names of its objects begin with it. */
  id: string;
  image: string;
  /** The program `node` in the image. */
  node: string;
  signal: AbortSignal;
}

/** What a behaviour works with: a namespace, the API as it answers, and pods that do as they are told. */
export class Kit {
  readonly id: string;
  readonly namespace: string;
  readonly meshNamespace: string | undefined;
  readonly signal: AbortSignal;
  readonly #options: KitOptions;
  /** Kinds it made, so that only those are cleaned up. */
  readonly #made = new Set<string>();
  readonly #recordings: Recording[] = [];

  constructor(options: KitOptions) {
    this.#options = options;
    this.id = options.id;
    this.namespace = options.namespace;
    this.meshNamespace = options.meshNamespace;
    this.signal = options.signal;
  }

  /** The same in another namespace. */
  in(namespace: string): Kit {
    return new Kit({ ...this.#options, namespace });
  }

  /**
   * One request, whatever the answer. A path without a leading slash
   * is taken in the namespace: `pods/NAME/log`.
   */
  async ask(method: Method, path: string, { body, contentType, query = {} }: Request = {}): Promise<Answer> {
    const answer = await this.#options.transport.send({
      method,
      path: path.startsWith('/') ? path : pathOf(this.namespace, path),
      query,
      asked: `${method} ${path}`,
      signal: this.signal,
      ...(body === undefined ? {} : { body }),
      ...(contentType === undefined ? {} : { contentType }),
    });
    const text = await answer.body.text();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = {};
    }
    return { status: answer.httpStatusCode, body: parsed as Thing, text, headers: answer.headers };
  }

  async #well(method: Method, path: string, request: Request = {}): Promise<Thing> {
    const { status, body, text } = await this.ask(method, path, request);
    assert.ok(status < 300, `${method} ${path} answered ${status}: ${text}`);
    return body;
  }

  /** Creates an object of a plural in the namespace, labelled as this behaviour's. */
  async create(plural: string, object: { metadata?: Json } & Json): Promise<Thing> {
    this.#made.add(plural);
    return this.#well('POST', plural, { body: this.labelled(plural, object) });
  }

  /** The body `create` sends. */
  labelled(plural: string, { metadata = {}, ...rest }: { metadata?: Json } & Json): Json {
    const labels = { behaviour: this.id, ...(metadata['labels'] as object | undefined) };
    return {
      ...typeOf(plural),
      metadata: { name: this.id, namespace: this.namespace, ...metadata, labels },
      ...rest,
    };
  }

  get(plural: string, name = this.id): Promise<Thing> {
    return this.#well('GET', `${plural}/${name}`);
  }

  /** Undefined when it is not there. */
  async find(plural: string, name = this.id): Promise<Thing | undefined> {
    const { status, body } = await this.ask('GET', `${plural}/${name}`);
    return status === 404 ? undefined : body;
  }

  /** This behaviour's objects of a kind. */
  async list(plural: string, labelSelector = `behaviour=${this.id}`): Promise<Thing[]> {
    const body = await this.#well('GET', plural, { query: { labelSelector } });
    return (at(body, 'items') ?? []) as Thing[];
  }

  patch(plural: string, name: string, body: unknown, contentType = 'application/merge-patch+json') {
    return this.#well('PATCH', `${plural}/${name}`, { body, contentType });
  }

  async delete(plural: string, name = this.id, query: Record<string, string> = {}): Promise<Thing> {
    return this.#well('DELETE', `${plural}/${name}`, { query });
  }

  /** A container of the suite's program. */
  container(env: Record<string, string> = {}, more: Json = {}): Json {
    const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
    const { env: moreEnv, ...rest } = more;
    return {
      name: 'app',
      image: this.#options.image,
      command: [this.#options.node, '-e', PROGRAM],
      ports: [{ name: 'http', containerPort: 8080 }],
      env: [...variables, ...((moreEnv as Json[] | undefined) ?? [])],
      ...rest,
    };
  }

  /** A command for exec probes and hooks: JavaScript, because the image may have no shell. */
  script(text: string): { exec: { command: string[] } } {
    return { exec: { command: [this.#options.node, '-e', text] } };
  }

  /** Creates a pod of one such container. */
  pod(
    env: Record<string, string> = {},
    { container = {}, spec = {}, name = this.id, labels = {} }: PodOptions = {},
  ): Promise<Thing> {
    return this.create('pods', {
      metadata: { name, labels: { app: this.id, ...labels } },
      spec: { containers: [this.container(env, container)], ...spec },
    });
  }

  /** A pod template of one such container. */
  template(
    env: Record<string, string> = {},
    { container = {}, spec = {}, labels = {} }: PodOptions = {},
  ): Json {
    return {
      metadata: { labels: { app: this.id, behaviour: this.id, ...labels } },
      spec: { terminationGracePeriodSeconds: 5, containers: [this.container(env, container)], ...spec },
    };
  }

  /** Creates a Deployment of such pods, ready as soon as they listen. */
  deployment(spec: Json = {}, template = this.template({}, { container: PROBED })): Promise<Thing> {
    return this.create('deployments', {
      spec: { replicas: 1, selector: { matchLabels: { app: this.id } }, template, ...spec },
    });
  }

  async until<T>(
    what: string,
    condition: () => T | Promise<T>,
    { seconds = 90, lastSeen }: { seconds?: number; lastSeen?: () => string } = {},
  ): Promise<Exclude<T, undefined | null | false>> {
    return waitFor(condition, {
      deadlineMs: seconds * 1_000,
      what,
      signal: this.signal,
      intervalMs: 150,
      ...(lastSeen === undefined ? {} : { lastSeen }),
    });
  }

  /** Waits until an object looks as told, and returns it. */
  async untilObject(
    plural: string,
    name: string,
    what: string,
    isSo: (object: Thing) => boolean,
    seconds = 90,
  ): Promise<Thing> {
    let last: Thing | undefined;
    return this.until(
      `${plural} ${name} ${what}`,
      async () => {
        last = await this.find(plural, name);
        return last !== undefined && isSo(last) ? last : undefined;
      },
      { seconds, lastSeen: () => JSON.stringify(last?.['status'] ?? null).slice(0, 600) },
    );
  }

  ready(name = this.id): Promise<Thing> {
    return this.untilObject('pods', name, 'is ready', isReady);
  }

  /** Waits until a Deployment has so many pods of its newest template, all available. */
  rolledOut(replicas: number, name = this.id): Promise<Thing> {
    return this.untilObject(
      'deployments',
      name,
      `has ${replicas} updated and available`,
      (object) =>
        ['updatedReplicas', 'availableReplicas', 'replicas'].every(
          (field) => (at(object, `status.${field}`) ?? 0) === replicas,
        ) && at(object, 'status.observedGeneration') === object.metadata.generation,
    );
  }

  async gone(plural: string, name = this.id, seconds = 60): Promise<void> {
    await this.until(
      `${plural} ${name} to be gone`,
      async () => (await this.find(plural, name)) === undefined,
      { seconds },
    );
  }

  /** Everything that happens to objects of a kind from now on. */
  async record(plural: string, query: Record<string, string> = {}): Promise<Recording> {
    const recording = await record(
      this.#options.transport,
      pathOf(this.namespace, plural),
      {
        labelSelector: `behaviour=${this.id}`,
        ...query,
      },
      this.signal,
    );
    this.#recordings.push(recording);
    return recording;
  }

  /** Text of a container's log. */
  async log(name = this.id, query: Record<string, string> = {}): Promise<string> {
    const { status, text } = await this.ask('GET', `pods/${name}/log`, { query });
    assert.equal(status, 200, text);
    return text;
  }

  /** What the program said so far. */
  async said(name = this.id, query: Record<string, string> = {}): Promise<Line[]> {
    const text = await this.log(name, query);
    return text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line);
  }

  /** What the program says until its container ends. */
  async saidToTheEnd(name = this.id, query: Record<string, string> = {}): Promise<string[]> {
    return (await this.said(name, { ...query, follow: 'true' })).map(({ what }) => what);
  }

  async listening(name = this.id): Promise<Thing> {
    const pod = await this.untilObject(
      'pods',
      name,
      'runs',
      (object) => at(object, 'status.phase') === 'Running',
    );
    await this.until(`${name} to listen`, async () => {
      const { text } = await this.ask('GET', `pods/${name}/log`, { query: { container: 'app' } });
      return text.includes('"listening"');
    });
    return pod;
  }

  /** Asks the program in a pod, past Services and sidecars. */
  async tell(name: string, path: string): Promise<unknown> {
    const forward = this.#options.cluster.forward(this.namespace, name, 8080);
    try {
      const { body } = await forward.request(path, { timeoutMs: 30_000, signal: this.signal });
      return body === '' ? undefined : JSON.parse(body);
    } finally {
      forward.close();
    }
  }

  /** Reasons and messages of the events about an object, in the order of their first time. */
  async events(name = this.id): Promise<{ reason: string; message: string; type: string }[]> {
    const { body } = await this.ask('GET', 'events', {
      query: { fieldSelector: `involvedObject.name=${name}` },
    });
    return ((at(body, 'items') ?? []) as Thing[]).map((event) => ({
      reason: String(event['reason']),
      message: String(event['message']),
      type: String(event['type']),
    }));
  }

  /** Waits for an event about an object; returns its message. */
  async event(
    reason: string,
    name = this.id,
    isIt: (message: string) => boolean = () => true,
  ): Promise<string> {
    const found = await this.until(`event ${reason} about ${name}`, async () =>
      (await this.events(name)).find((event) => event.reason === reason && isIt(event.message)),
    );
    return found.message;
  }

  /** Ends what this behaviour started, without waiting for it. */
  async cleanUp(): Promise<void> {
    for (const recording of this.#recordings) recording.stop();
    const query = { labelSelector: `behaviour=${this.id}` };
    // Owners before what they own, so that nothing is made anew.
    const kinds = [...ORDER.filter((kind) => this.#made.has(kind)), 'pods'];
    for (const plural of kinds) {
      const grace = plural === 'pods' ? { gracePeriodSeconds: '0' } : { propagationPolicy: 'Background' };
      await this.ask('DELETE', plural, { query: { ...query, ...grace } }).catch(() => undefined);
    }
  }
}

export interface PodOptions {
  container?: Json;
  spec?: Json;
  name?: string;
  labels?: Record<string, string>;
}

const ORDER = [
  'horizontalpodautoscalers',
  'deployments',
  'jobs',
  'replicasets',
  'services',
  'poddisruptionbudgets',
  'virtualservices',
  'destinationrules',
];

/** A readiness probe every second. */
export const PROBED = { readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 } };
