import type { ResourceType } from './registry/resource-type.ts';

export interface StatusCause {
  reason: string;
  message: string;
  field?: string;
}

/**
 * The body every failing request answers with:
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Failure' | 'Success';
  message?: string;
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: StatusCause[];
    retryAfterSeconds?: number;
  };
  code?: number;
}

/** An error that is a Kubernetes Status: what a client would read in the response body. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details?: Status['details']) {
    super(message);
    this.name = 'StatusError';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? '';
  }
}

export function isStatusError(error: unknown, reason?: string): error is StatusError {
  return error instanceof StatusError && (reason === undefined || error.reason === reason);
}

/** `deployments.apps`, `configmaps`: how NotFound and its like name a resource. */
export function qualified(type: Pick<ResourceType, 'group' | 'plural'>): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}

function detailsOf(type: Pick<ResourceType, 'group' | 'plural'>, name: string): Status['details'] {
  return {
    ...(name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.plural,
  };
}

function kindDetails(
  type: Pick<ResourceType, 'group' | 'kind'>,
  name: string,
): NonNullable<Status['details']> {
  return {
    ...(name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    ...(type.kind === '' ? {} : { kind: type.kind }),
  };
}

export const notFound = (type: ResourceType, name: string) =>
  new StatusError(404, 'NotFound', `${qualified(type)} "${name}" not found`, detailsOf(type, name));

export const alreadyExists = (type: ResourceType, name: string) =>
  new StatusError(409, 'AlreadyExists', `${qualified(type)} "${name}" already exists`, detailsOf(type, name));

export const conflict = (type: ResourceType, name: string, why: string) =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`,
    detailsOf(type, name),
  );

export const staleWrite = (type: ResourceType, name: string) =>
  conflict(
    type,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

/** Preconditions of a DELETE are worded with the kind, not the plural. */
export const preconditionFailed = (type: ResourceType, name: string, why: string) =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${type.group === '' ? type.kind : `${type.kind}.${type.group}`} "${name}": ${why}`,
    kindDetails(type, name),
  );

export const badRequest = (message: string) => new StatusError(400, 'BadRequest', message);

export const forbidden = (type: ResourceType, name: string, why: string, causes?: StatusCause[]) =>
  new StatusError(
    403,
    'Forbidden',
    `${qualified(type)}${name === '' ? '' : ` "${name}"`} is forbidden: ${why}`,
    {
      ...detailsOf(type, name),
      ...(causes === undefined ? {} : { causes }),
    },
  );

/** A path or resource type this server does not know. */
export const unknownResource = () =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});

export const methodNotAllowed = () =>
  new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );

/** What this playground leaves out on purpose: it says so instead of pretending. */
export const notImplemented = (what: string) =>
  new StatusError(501, 'NotImplemented', `the playground does not do this: ${what}`, {});

export interface FieldError {
  field: string;
  reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong'
    | 'FieldValueNotFound'
    | 'FieldValueTypeInvalid';
  /** "Required value", `Invalid value: -1: must be greater than or equal to 0` */
  message: string;
}

export function invalid(
  type: Pick<ResourceType, 'group' | 'kind'>,
  name: string,
  errors: FieldError[],
): StatusError {
  const lines = errors.map((error) => `${error.field}: ${error.message}`);
  const summary = lines.length === 1 ? String(lines[0]) : `[${lines.join(', ')}]`;
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
  return new StatusError(422, 'Invalid', `${kind} "${name}" is invalid: ${summary}`, {
    ...kindDetails(type, name),
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}

/** Like `invalid`, for query parameters (CreateOptions, ListOptions, …). */
export const invalidOptions = (kind: string, errors: FieldError[]) =>
  invalid({ group: 'meta.k8s.io', kind }, '', errors);

export const required = (field: string, detail = ''): FieldError => ({
  field,
  reason: 'FieldValueRequired',
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
});

/** The value is printed as Go prints it there: JSON for most, bare for numbers. */
export const invalidValue = (field: string, value: unknown, detail: string): FieldError => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
});

export const unsupported = (field: string, value: unknown, supported: string[]): FieldError => ({
  field,
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => `"${one}"`).join(', ')}`,
});

export const notFoundValue = (field: string, value: unknown): FieldError => ({
  field,
  reason: 'FieldValueNotFound',
  message: `Not found: ${JSON.stringify(value)}`,
});

export const forbiddenField = (field: string, detail: string): FieldError => ({
  field,
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
});

export const duplicateValue = (field: string, value: unknown): FieldError => ({
  field,
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${JSON.stringify(value)}`,
});
