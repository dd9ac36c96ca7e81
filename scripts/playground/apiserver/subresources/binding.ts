import { isObject } from '../../storage/json.ts';
import { badRequest, conflict, invalid, notFound, required, unsupported } from '../status-error.ts';
import type { KubeObject } from '../../storage/types.ts';
import type { Answer } from '../answer.ts';
import { decodeObject } from '../negotiation/body.ts';
import type { ApiContext } from '../context.ts';
import type { TypedTarget } from '../verbs/read.ts';
import type { ApiRequest } from '../request.ts';
import { writeQuery } from '../verbs/write.ts';

const BINDING = { group: '', version: 'v1', kind: 'Binding', custom: false };

/** `pods/NAME/binding` and `bindings`: what a scheduler of one's own does with a pod. */
export function bindPod(request: ApiRequest, target: TypedTarget, context: ApiContext, body: Buffer): Answer {
  const { dryRun, fieldManager } = writeQuery(request, 'CreateOptions');
  const binding = decodeObject(body, request.headers['content-type'], BINDING);
  const metadata = isObject(binding['metadata']) ? binding['metadata'] : {};
  const name = target.name ?? (typeof metadata['name'] === 'string' ? metadata['name'] : '');
  if (metadata['name'] !== undefined && metadata['name'] !== name)
    throw badRequest('name in URL does not match name in Binding object');
  const { name: node, kind } = isObject(binding['target']) ? binding['target'] : {};
  if (kind !== undefined && kind !== '' && kind !== 'Node')
    throw invalid(BINDING, name, [unsupported('target.kind', kind, ['Node', '<empty>'])]);
  if (typeof node !== 'string' || node === '') throw invalid(BINDING, name, [required('target.name')]);
  const type = context.store.typeOf('v1/pods');
  const pod = context.store.get<KubeObject<{ nodeName?: string }>>('v1/pods', target.namespace, name);
  if (pod === undefined) throw notFound(type, name);
  const { uid = '' } = metadata;
  if (uid !== '' && uid !== pod.metadata.uid)
    throw conflict(
      type,
      name,
      `Precondition failed: UID in precondition: ${uid as string}, UID in object meta: ${pod.metadata.uid}`,
    );
  const refuse = (why: string) => conflict({ ...type, plural: 'pods/binding' }, name, `pod ${name} ${why}`);
  if (pod.metadata.deletionTimestamp !== undefined)
    throw refuse('is being deleted, cannot be assigned to a host');
  const present = pod.spec?.nodeName ?? '';
  if (present !== '') throw refuse(`is already assigned to node "${present}"`);
  context.store.mutate<KubeObject<{ nodeName?: string }>>(
    'v1/pods',
    target.namespace,
    name,
    (draft) => {
      draft.spec = { ...draft.spec, nodeName: node };
    },
    { dryRun, fieldManager, subresource: 'binding' },
  );
  return {
    code: 201,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}
