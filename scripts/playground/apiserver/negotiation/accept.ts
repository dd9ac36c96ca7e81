import { StatusError } from '../status-error.ts';
import type { ApiRequest } from '../request.ts';

const MEDIA_TYPES = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';

const SHAPES = /^(Table;v=v1(beta1)?|PartialObjectMetadata(List)?;v=v1(beta1)?)$/;

function isServed(offer: string): boolean {
  const [media = '', ...parameters] = offer.split(';').map((one) => one.trim());
  if (!['application/json', 'application/yaml', 'application/*', '*/*', ''].includes(media)) return false;
  const values = new Map(parameters.map((one) => one.split('=', 2) as [string, string]));
  const shape = values.get('as');
  return shape === undefined || SHAPES.test(`${shape};v=${values.get('v') ?? 'v1'}`);
}

/** @throws a 406 Status when nothing the client accepts can be given */
export function checkAccept({ headers, target }: ApiRequest): void {
  const { accept } = headers;
  if (accept === undefined || target?.subresource === 'log') return;
  const offers = accept.split(',');
  if (offers.some(isServed)) return;
  if (offers.some((offer) => /^\s*application\/(json|yaml|vnd\.kubernetes\.protobuf)/.test(offer))) {
    throw new StatusError(
      406,
      'NotAcceptable',
      `only the following media types are accepted: ${MEDIA_TYPES}`,
    );
  }
  throw new StatusError(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${MEDIA_TYPES}`,
    {},
  );
}
