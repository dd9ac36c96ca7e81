import type { ResourceType } from '../registry/resource-type.ts';
import { badRequest } from '../status-error.ts';
import { isObject } from '../../storage/json.ts';
import type { KubeObject } from '../../storage/types.ts';

export type Matcher = (object: KubeObject) => boolean;

interface Requirement {
  key: string;
  operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';
  values: string[];
}

/**
 * `a=b,c!=d,e in (f,g),h,!i`: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api
 */
export function labelMatcher(selector: string | undefined): Matcher | undefined {
  if (selector === undefined || selector.trim() === '') return undefined;
  const requirements = new LabelParser(selector).parse();
  return ({ metadata }) => requirements.every((one) => meets(one, metadata.labels ?? {}));
}

function meets({ key, operator, values }: Requirement, labels: Record<string, string>): boolean {
  const value = labels[key];
  switch (operator) {
    case '!':
      return value === undefined;
    case 'exists':
      return value !== undefined;
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case '>':
      return value !== undefined && Number(value) > Number(values[0]);
    case '<':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return value !== undefined && values.includes(value);
  }
}

const TOKEN = /\s*(==|!=|=|!|,|\(|\)|>|<|[^\s=!,()<>]+)\s*/y;

class LabelParser {
  private readonly tokens: string[] = [];
  private next = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text))
      this.tokens.push(match[1] ?? '');
  }

  parse(): Requirement[] {
    const requirements = [this.requirement()];
    while (this.peek() === ',') {
      this.next += 1;
      requirements.push(this.requirement());
    }
    if (this.peek() !== undefined)
      throw this.fault(`found '${String(this.peek())}', expected: ',' or 'end of string'`);
    return requirements;
  }

  private requirement(): Requirement {
    if (this.peek() === '!') {
      this.next += 1;
      return { key: this.identifier(), operator: '!', values: [] };
    }
    const key = this.identifier();
    const operator = this.peek();
    if (operator === undefined || operator === ',') return { key, operator: 'exists', values: [] };
    this.next += 1;
    switch (operator) {
      case '=':
      case '==':
        return { key, operator: '=', values: [this.value()] };
      case '!=':
        return { key, operator: '!=', values: [this.value()] };
      case '>':
      case '<':
        return { key, operator, values: [this.identifier()] };
      case 'in':
      case 'notin':
        return { key, operator, values: this.list() };
      default:
        throw this.fault(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  private list(): string[] {
    if (this.peek() !== '(') throw this.fault(`found '${this.peek() ?? ''}', expected: '('`);
    this.next += 1;
    const values = [this.value()];
    while (this.peek() === ',') {
      this.next += 1;
      values.push(this.value());
    }
    if (this.peek() !== ')') throw this.fault(`found '${this.peek() ?? ''}', expected: ',', or ')'`);
    this.next += 1;
    return values;
  }

  private identifier(): string {
    const token = this.peek();
    if (token === undefined || /^[=!,()<>]/.test(token))
      throw this.fault(`found '${token ?? ''}', expected: identifier`);
    this.next += 1;
    return token;
  }

  /** A value may be empty: `a=`. */
  private value(): string {
    const token = this.peek();
    if (token === undefined || token === ',' || token === ')') return '';
    return this.identifier();
  }

  private peek(): string | undefined {
    return this.tokens[this.next];
  }

  private fault(message: string): Error {
    return badRequest(`unable to parse requirement: ${message}`);
  }
}

const COMMON_FIELDS = ['metadata.name', 'metadata.namespace'];

/** Fields a type can be selected by, beside name and namespace. */
const FIELDS: Record<string, string[]> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
    'regarding.apiVersion',
    'regarding.resourceVersion',
    'regarding.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  secrets: ['type'],
  namespaces: ['status.phase'],
  nodes: ['spec.unschedulable'],
  replicasets: ['status.replicas'],
  services: ['spec.clusterIP', 'spec.type'],
  jobs: ['status.successful'],
};

/** Types with a conversion of their own word the refusal differently. */
const OWN_CONVERSION = new Set(['pods', 'events', 'secrets', 'namespaces', 'nodes', 'services']);

/** `status.phase=Running,spec.nodeName!=node1` */
export function fieldMatcher(selector: string | undefined, type: ResourceType): Matcher | undefined {
  if (selector === undefined || selector.trim() === '') return undefined;
  const tests = selector
    .split(',')
    .filter(Boolean)
    .map((term) => fieldTest(term, type));
  return (object) => tests.every((test) => test(object));
}

function fieldTest(term: string, type: ResourceType): Matcher {
  const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term.trim());
  if (match === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  const [, field = '', operator, wanted = ''] = match;
  const known = [...COMMON_FIELDS, ...(FIELDS[type.plural] ?? []), ...(type.defined?.selectableFields ?? [])];
  if (!known.includes(field)) {
    throw badRequest(
      OWN_CONVERSION.has(type.plural) || type.custom
        ? `field label not supported: ${field}`
        : `"${field}" is not a known field selector: only ${COMMON_FIELDS.map((one) => `"${one}"`).join(', ')}`,
    );
  }
  return (object) => (fieldValue(object, field) === wanted) === (operator !== '!=');
}

function fieldValue(object: KubeObject, field: string): string {
  const path = field === 'source' ? 'source.component' : field.replace(/^regarding\./, 'involvedObject.');
  let value: unknown = object;
  for (const part of path.split('.')) value = isObject(value) ? value[part] : undefined;
  if (value === undefined || value === null)
    return field === 'spec.unschedulable' || field === 'spec.hostNetwork' ? 'false' : '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The name when the selector asks for exactly one object: it is then looked up instead of searched. */
export function selectedName(selector: string | undefined): string | undefined {
  return /^metadata\.name=([^,!=]+)$/.exec(selector ?? '')?.[1];
}

/** As objects hold it. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

const OPERATORS: Record<string, string> = { In: 'in', NotIn: 'notin' };

/** A selector as a query takes it: `app=shop,tier in (a,b)`. */
export function selectorText(selector: LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...labels.map(([key, value]) => `${key}=${value}`),
    ...(selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) =>
      operator === 'Exists'
        ? key
        : operator === 'DoesNotExist'
          ? `!${key}`
          : `${key} ${OPERATORS[operator] ?? operator} (${values.join(',')})`,
    ),
  ].join(',');
}
