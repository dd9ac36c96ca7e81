import type { Service } from '../../shared/kubernetes.ts';

/** The name of an app's object: the one that an annotation of its Service gives, else the app's own. */
export function annotatedName(annotation: string, app: string, service: Service | undefined): string {
  return service?.metadata.annotations?.[annotation] ?? app;
}
