/** Describes an owner for the user, with the command that pauses it. */
import type { SeenObject } from '../routing/traffic-routing.ts';
import type { Owner } from './owner.ts';

export function describeOwner({ kind, name, namespace }: Owner): string {
  const where = namespace === undefined ? '' : ` of namespace ${namespace}`;
  switch (kind) {
    case 'Application':
      return `Argo CD's Application ${name}${where}`;
    case 'Kustomization':
    case 'HelmRelease':
      return `Flux's ${kind} ${name}${where}`;
    case 'Helm release':
      return `${kind} ${name}${where}`;
    default:
      return name;
  }
}

/** The command that pauses the owner; undefined where only its own documentation has it. */
export function pauseCommand({ kind, name, namespace }: Owner): string | undefined {
  const at = namespace === undefined ? '' : ` -n ${namespace}`;
  switch (kind) {
    case 'Application':
      return `argocd app set ${name}${namespace === undefined ? '' : ` -N ${namespace}`} --sync-policy none`;
    case 'Kustomization':
      return `flux suspend kustomization ${name}${at}`;
    case 'HelmRelease':
      return `flux suspend helmrelease ${name}${at}`;
    default:
      return undefined;
  }
}

/** The way out when an owner is not paused. */
export function howToPause(owner: Owner): string {
  const command = pauseCommand(owner);
  return command === undefined ? `stop ${owner.name} from applying the old files` : command;
}

/** The command that resumes the owner, once its files describe the new state. */
export function resumeCommand({ kind, name, namespace = '' }: Owner): string | undefined {
  switch (kind) {
    case 'Kustomization':
      return `flux resume kustomization ${name} -n ${namespace}`;
    case 'HelmRelease':
      return `flux resume helmrelease ${name} -n ${namespace}`;
    default:
      return undefined;
  }
}

/** `VirtualService a, DestinationRule a and Deployment a-v1` */
export function nameAll(objects: readonly SeenObject[]): string {
  const names = objects.map(({ resource: { kind }, object }) => `${kind} ${object.metadata.name}`);
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`;
}
